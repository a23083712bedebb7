"""Calls that must come to their end, and calls side by side."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def finished(call: Coroutine[Any, Any, T], *, undo: Callable[[T], Coroutine[Any, Any, None]] | None = None) -> T:
    """What `call` gives. A cancellation waits until it has ended and, if it gave something, until that is undone."""
    task = asyncio.create_task(call)
    cancelled = await _ended(task)
    if cancelled is None:
        return task.result()
    if undo and not task.cancelled() and task.exception() is None:
        await _ended(asyncio.create_task(undo(task.result())))
    raise cancelled


async def together(calls: Iterable[Coroutine[Any, Any, T]]) -> tuple[list[T], list[Exception]]:
    """What the calls gave that succeeded, in order, and the errors of the others; none is left unfinished."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    given: list[T] = []
    errors: list[Exception] = []
    for result in results:
        if isinstance(result, Exception):
            errors.append(result)
        elif isinstance(result, BaseException):
            raise result
        else:
            given.append(result)
    return given, errors


async def all_of(calls: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The same where one error is too many."""
    given, errors = await together(calls)
    if errors:
        raise errors[0]
    return given


async def _ended(task: "asyncio.Task[Any]") -> asyncio.CancelledError | None:
    cancelled = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    return cancelled
