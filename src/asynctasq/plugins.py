"""From the name of a driver to what makes its queue: our own first, then what other packages offer."""

import difflib
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import Any

from attrs import field, frozen

from asynctasq.app.settings import Settings
from asynctasq.domain.errors import ConfigurationError, MissingExtra
from asynctasq.ports.queue import Queue

Factory = Callable[[Settings], Any]


@frozen
class Driver:
    """`create` is None while this version has no adapter. The extra that installs `client` has the driver's name."""

    create: Callable[[Settings], Queue] | None = None
    client: str | None = field(default=None, kw_only=True)


def load(group: str, scheme: str) -> Factory:
    """What makes the adapter called `scheme`, as in `load("queues", "sqlite")`.

    A broken install raises its own error.
    """
    ours = OURS.get(group, {}).get(scheme)
    if ours and ours.create:
        return _usable(ours.create, scheme, ours.client)
    theirs = _entry_points(group).get(scheme)
    if theirs:
        return theirs.load()
    if ours:
        raise ConfigurationError(
            f"this version of AsyncTasQ has no adapter for {scheme!r} yet; it has {', '.join(known(group))}"
        )
    raise ConfigurationError(_unknown(group, scheme))


def known(group: str) -> list[str]:
    """The names that `load` accepts: installed is available."""
    ours = {name for name, driver in OURS.get(group, {}).items() if driver.create}
    return sorted(ours | _entry_points(group).keys())


def _usable(create: Factory, scheme: str, client: str | None) -> Factory:
    if client and find_spec(client) is None:
        raise MissingExtra(f"driver {scheme!r} needs {client}: pip install 'asynctasq[{scheme}]'")
    return create


def _entry_points(group: str) -> Mapping[str, EntryPoint]:
    return {each.name: each for each in entry_points(group=f"asynctasq.{group}")}


def _unknown(group: str, scheme: str) -> str:
    names = known(group)
    close = difflib.get_close_matches(scheme, names, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"unknown driver {scheme!r}: {hint}Known are {', '.join(names)}"


def _memory(_: Settings) -> Queue:
    from asynctasq.adapters.memory.queue import MemoryQueue

    return MemoryQueue()


def _sqlite(settings: Settings) -> Queue:
    from asynctasq.adapters.sqlite.queue import SqliteQueue

    return SqliteQueue(settings.sqlite.path, synchronous=settings.sqlite.synchronous)


OURS: Mapping[str, Mapping[str, Driver]] = {
    "queues": {
        "memory": Driver(_memory),
        "sqlite": Driver(_sqlite),
        "redis": Driver(client="redis"),
        "postgres": Driver(client="asyncpg"),
        "mysql": Driver(client="aiomysql"),
        "rabbitmq": Driver(client="aio_pika"),
        "sqs": Driver(client="aiobotocore"),
    }
}
