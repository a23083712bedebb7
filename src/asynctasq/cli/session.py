"""One question to the queue that the settings name, for the commands that look and repair."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from asynctasq.app.lifespan import Application
from asynctasq.app.loops import run
from asynctasq.app.monitor import Monitor
from asynctasq.app.settings import Settings
from asynctasq.cli.flags import Flags
from asynctasq.container import build
from asynctasq.domain.errors import ConfigurationError

T = TypeVar("T")


def ask(flags: Flags, question: Callable[[Monitor], Coroutine[Any, Any, T]]) -> T:
    """Open, ask, close."""
    application = build(flags.given())
    refuse_memory(application.settings)
    return run(_ask(application, question))


def refuse_memory(settings: Settings) -> None:
    """No other process could ever have put anything there."""
    if settings.driver == "memory":
        raise ConfigurationError(
            "driver 'memory': such a queue lives inside one process, so nothing that another one dispatches ever "
            "reaches it; choose another driver, sqlite needs no server"
        )


async def _ask(application: Application, question: Callable[[Monitor], Coroutine[Any, Any, T]]) -> T:
    try:
        return await question(application.monitor)
    finally:
        await application.aclose()
