"""What the executor contract runs: top-level functions, each as a plain one and as a coroutine function."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from attrs import frozen

from asynctasq.domain.outcome import Outcome, Snoozed, Succeeded

PAUSE_SECONDS = 0.3


class _UnpicklableError(Exception):
    def __init__(self) -> None:
        super().__init__(lambda: None)


def _answer(seconds: float) -> Outcome:
    """An outcome that shows what argument came."""
    return Snoozed(seconds)


def _pause(path: str | None) -> Outcome:
    """Takes a while; leaves a file when it gets to its end."""
    time.sleep(PAUSE_SECONDS)
    return _leave(path)


def _raise_unpicklable(_: object) -> Outcome:
    raise _UnpicklableError


def _leave_python(_: object) -> Outcome:
    raise SystemExit(3)


def _cancel_itself(_: object) -> Outcome:
    raise asyncio.CancelledError


async def _answer_on_loop(seconds: float) -> Outcome:
    return _answer(seconds)


async def _pause_on_loop(path: str | None) -> Outcome:
    await asyncio.sleep(PAUSE_SECONDS)
    return _leave(path)


async def _raise_unpicklable_on_loop(_: object) -> Outcome:
    raise _UnpicklableError


async def _leave_python_on_loop(_: object) -> Outcome:
    raise SystemExit(3)


async def _cancel_itself_on_loop(_: object) -> Outcome:
    raise asyncio.CancelledError


@frozen
class Calls:
    """`answer` gives its argument back, `pause` takes a while, from each of `escapes` something else escapes."""

    answer: Callable[[Any], Outcome | Awaitable[Outcome]]
    pause: Callable[[Any], Outcome | Awaitable[Outcome]]
    escapes: tuple[Callable[[Any], Outcome | Awaitable[Outcome]], ...]


PLAIN = Calls(_answer, _pause, (_raise_unpicklable, _leave_python, _cancel_itself))
COROUTINES = Calls(
    _answer_on_loop, _pause_on_loop, (_raise_unpicklable_on_loop, _leave_python_on_loop, _cancel_itself_on_loop)
)


def _leave(path: str | None) -> Outcome:
    if path:
        Path(path).touch()
    return Succeeded()
