"""How a waiting lease learns that something changed through its own client. What others change it finds by looking."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


class Bell:
    def __init__(self) -> None:
        self._next = asyncio.Event()

    @property
    def next_ring(self) -> asyncio.Event:
        """To be taken before looking, so that what happens during the look is news."""
        return self._next

    def ring(self) -> None:
        self._next.set()
        self._next = asyncio.Event()


async def heard(ring: asyncio.Event, seconds: float) -> None:
    """Return when it rings, or after so long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await ring.wait()


async def unless_rung(ring: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """What `work` gives. Nothing if it rings before that; then `work` is cancelled."""
    working = asyncio.ensure_future(work)
    ringing = asyncio.ensure_future(ring.wait())
    try:
        await asyncio.wait([working, ringing], return_when=asyncio.FIRST_COMPLETED)
    finally:
        working.cancel()
        ringing.cancel()
        await asyncio.wait([working, ringing])
    return None if working.cancelled() else working.result()
