"""The default application: the one that tasks dispatch to.

With what a child process keeps (`in_child`) the only state of this package that is a module's.
"""

import atexit
import contextlib
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from asynctasq.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from asynctasq.app.lifespan import Application

Build = Callable[[Mapping[str, Any] | None], "Application"]


class _Default:
    """What there is one of. `build` comes from the composition root, so that nothing here knows it."""

    build: Build
    given: Mapping[str, Any] | None = None
    tortoise_config: Mapping[str, Any] | None = None
    application: "Application | None" = None
    pinned = False
    lock = threading.RLock()


_default = _Default()


def provide(build: Build) -> None:
    """Say how a default application is made of what `init` is given."""
    _default.build = build


def application() -> "Application":
    """The default application, made now if `init` was never called."""
    return _default.application or _wired()


def init(settings: Mapping[str, Any] | None = None, *, tortoise_config: Mapping[str, Any] | None = None) -> None:
    """Wire the default application: `init()`, `init({'driver': 'redis', 'redis': {'db': 5}})`.

    What is not given is read from the environment, then from `.env`, now; the last call wins. The driver is imported,
    which would take the first dispatch longer than all the rest of it, but nothing connects.
    Raises `ConfigurationError` that names the setting, or `MissingExtra` that names what to install. In a running
    worker it changes nothing but `tortoise_config`: what a worker initialises Tortoise with, as
    `Tortoise.init(config=…)` takes it.
    """
    if settings is not None and not isinstance(settings, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"init() takes a mapping such as {{'driver': 'redis'}}, not {settings!r}")
    with _default.lock:
        if tortoise_config is not None:
            _default.tortoise_config = tortoise_config
        if not _default.pinned:
            _wire(settings).routes.make_default()


def given() -> Mapping[str, Any]:
    """What the last `init` was given."""
    return _default.given or {}


def tortoise_config() -> Mapping[str, Any] | None:
    """What the last `init` that was given one was given for Tortoise."""
    return _default.tortoise_config


def _wired() -> "Application":
    with _default.lock:
        return _default.application or _wire(None)


def _wire(settings: Mapping[str, Any] | None) -> "Application":
    made = _default.build(settings)
    _default.given = settings
    if _default.application is None or made.settings != _default.application.settings:
        _default.application = made
        atexit.register(_close, made)
    return _default.application


def pin(application: "Application") -> None:
    """Make this the default for as long as the process lives: a worker's, whatever its users' modules say."""
    with _default.lock:
        _default.application = application
        _default.pinned = True


def _close(application: "Application") -> None:
    with contextlib.suppress(Exception):  # the interpreter is ending: there is nobody left to tell
        application.close()
