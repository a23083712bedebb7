"""How a waiting lease learns that something changed through its own client. What others change it finds by looking."""

import asyncio
from contextlib import suppress


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
