"""Time that moves only when a test says so."""

import asyncio
from heapq import heappop, heappush
from itertools import count

from asynctasq.ports.clock import Clock


class ManualClock(Clock):
    """Stands still until `advance`, which may be called from any thread."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self._now = now
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        awake = asyncio.get_running_loop().create_future()
        heappush(self._sleepers, (self._now + seconds, next(self._order), awake))
        await awake

    def advance(self, seconds: float) -> None:
        """Move on by `seconds` and wake, in the order of their instants, all whose sleep is over by then."""
        self._now += seconds
        while self._sleepers and self._sleepers[0][0] <= self._now:
            _, _, awake = heappop(self._sleepers)
            loop = awake.get_loop()
            if not loop.is_closed():
                loop.call_soon_threadsafe(_wake, awake)


def _wake(awake: "asyncio.Future[None]") -> None:
    if not awake.done():
        awake.set_result(None)
