"""The clock of this machine."""

import asyncio
import time

from asynctasq.ports.clock import Clock


class WallClock(Clock):
    """Seconds since 1970, which every process of a machine agrees on. It may be set back."""

    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
