"""AsyncTasQ: work that is taken out of an application and run elsewhere, surely and fast.

Names are resolved at their first use: importing the package loads no driver, no container and no console.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from asynctasq.app import current as _current

if TYPE_CHECKING:
    from asynctasq.adapters.console.printing import print
    from asynctasq.app.calls import cancel, dispatch_many, get
    from asynctasq.app.classes import AsyncProcessTask, AsyncTask, SyncProcessTask, SyncTask, TaskConfig
    from asynctasq.app.current import init
    from asynctasq.app.lifespan import Application
    from asynctasq.app.loops import run
    from asynctasq.app.settings import Settings
    from asynctasq.app.tasks import task
    from asynctasq.app.worker import Worker
    from asynctasq.container import Container
    from asynctasq.domain.errors import Reject, RetryIn, Snooze

__all__ = [
    "AsyncProcessTask",
    "AsyncTask",
    "Container",
    "Reject",
    "RetryIn",
    "Settings",
    "Snooze",
    "SyncProcessTask",
    "SyncTask",
    "TaskConfig",
    "Worker",
    "cancel",
    "dispatch_many",
    "get",
    "init",
    "print",
    "run",
    "task",
]

_HOMES = {
    "AsyncProcessTask": "app.classes",
    "AsyncTask": "app.classes",
    "Container": "container",
    "Reject": "domain.errors",
    "RetryIn": "domain.errors",
    "Settings": "app.settings",
    "Snooze": "domain.errors",
    "SyncProcessTask": "app.classes",
    "SyncTask": "app.classes",
    "TaskConfig": "app.classes",
    "Worker": "app.worker",
    "cancel": "app.calls",
    "dispatch_many": "app.calls",
    "get": "app.calls",
    "init": "app.current",
    "print": "adapters.console.printing",
    "run": "app.loops",
    "task": "app.tasks",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _build(given: Mapping[str, Any] | None) -> "Application":
    from asynctasq.container import build

    return build(given)


_current.provide(_build)
