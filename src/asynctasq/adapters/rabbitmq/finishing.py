"""Work that must not stop halfway."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from asynctasq.domain.errors import Unavailable

T = TypeVar("T")


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Do all of `work`, which bounds its own waits; a cancellation is heard after that."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            await _patience(task)
        if not task.cancelled():
            task.exception()  # whoever cancelled does not want to hear of it
        raise


async def _patience(task: "asyncio.Task[Any]") -> None:
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        return


async def side_by_side(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Do each of these to its end; what they give, or the first error there was."""
    results = await asyncio.gather(*works, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]


async def what_can_be_had(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Do each of these to its end. What they give, without those that are `Unavailable`: their channel has ended."""
    results = await asyncio.gather(*works, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, Unavailable):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]
