"""From the name of a driver to what makes its queue: our own first, then what other packages offer."""

import difflib
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import Any

from attrs import asdict, field, frozen

from asynctasq.app.settings import Settings
from asynctasq.domain.errors import ConfigurationError, MissingExtra
from asynctasq.ports.events import EventSink
from asynctasq.ports.history import History
from asynctasq.ports.queue import Queue
from asynctasq.ports.schema import Schema

Factory = Callable[[Settings], Any]


@frozen
class Driver:
    """`create` is None while this version has no adapter. The extra that installs `client` has the driver's name."""

    create: Callable[[Settings], Queue | Schema | EventSink | History] | None = None
    client: str | None = field(default=None, kw_only=True)


def load(group: str, scheme: str) -> Factory:
    """What makes the adapter called `scheme`, as in `load("queues", "sqlite")`.

    A broken install raises its own error.
    """
    ours = OURS.get(group, {}).get(scheme)
    if ours and ours.create:
        require(scheme, ours.client)
        return ours.create
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


def require(scheme: str, client: str | None) -> None:
    """Raise `MissingExtra`, which names the extra, unless the client library of this driver is installed."""
    if client and find_spec(client) is None:
        raise MissingExtra(f"driver {scheme!r} needs {client}: pip install 'asynctasq[{scheme}]'")


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


def _postgres(settings: Settings) -> Queue:
    from asynctasq.adapters.postgres.queue import PostgresQueue

    return PostgresQueue(**asdict(settings.postgres))


def _postgres_schema(settings: Settings) -> Schema:
    from asynctasq.adapters.postgres.schema import PostgresSchema

    group = settings.postgres
    return PostgresSchema(group.dsn, queue_table=group.queue_table, dead_letter_table=group.dead_letter_table)


def _redis(settings: Settings) -> Queue:
    from asynctasq.adapters.redis.queue import RedisQueue

    return RedisQueue(**asdict(settings.redis))


def _mysql(settings: Settings) -> Queue:
    from asynctasq.adapters.mysql.queue import MySQLQueue

    return MySQLQueue(**asdict(settings.mysql))


def _mysql_schema(settings: Settings) -> Schema:
    from asynctasq.adapters.mysql.schema import MySQLSchema

    group = settings.mysql
    return MySQLSchema(group.dsn, queue_table=group.queue_table, dead_letter_table=group.dead_letter_table)


def _rabbitmq(settings: Settings) -> Queue:
    from asynctasq.adapters.rabbitmq.queue import RabbitmqQueue

    return RabbitmqQueue(**asdict(settings.rabbitmq))


def _sqs(settings: Settings) -> Queue:
    from asynctasq.adapters.sqs.queue import SqsQueue

    return SqsQueue(**asdict(settings.sqs))


def _log_events(_: Settings) -> EventSink:
    from asynctasq.adapters.logs.events import LogEventSink

    return LogEventSink()


def _redis_events(settings: Settings) -> EventSink:
    from asynctasq.adapters.redis.events import RedisEventSink

    url, password = settings.events.redis_url, None
    if url is None:
        url, password = settings.redis.url, settings.redis.password
    return RedisEventSink(url, password=password, channel=settings.events.channel)


def _memory_history(_: Settings) -> History:
    from asynctasq.adapters.memory.history import MemoryHistory

    return MemoryHistory()


def _sqlite_history(settings: Settings) -> History:
    from asynctasq.adapters.sqlite.history import SqliteHistory

    return SqliteHistory(settings.sqlite.path)


def _redis_history(settings: Settings) -> History:
    from asynctasq.adapters.redis.history import RedisHistory

    group = settings.redis
    return RedisHistory(group.url, password=group.password, db=group.db, prefix=group.prefix)


OURS: Mapping[str, Mapping[str, Driver]] = {
    "queues": {
        "memory": Driver(_memory),
        "sqlite": Driver(_sqlite),
        "redis": Driver(_redis, client="redis"),
        "postgres": Driver(_postgres, client="asyncpg"),
        "mysql": Driver(_mysql, client="aiomysql"),
        "rabbitmq": Driver(_rabbitmq, client="pamqp"),
        "sqs": Driver(_sqs, client="aiobotocore"),
    },
    "schemas": {
        "mysql": Driver(_mysql_schema, client="aiomysql"),
        "postgres": Driver(_postgres_schema, client="asyncpg"),
    },
    "event_sinks": {
        "log": Driver(_log_events),
        "redis": Driver(_redis_events, client="redis"),
    },
    "histories": {
        "memory": Driver(_memory_history),
        "sqlite": Driver(_sqlite_history),
        "redis": Driver(_redis_history, client="redis"),
    },
}
