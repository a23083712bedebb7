"""Tasks that a worker cannot stop."""

import asyncio
import contextlib
import time

from counting import enter

from asynctasq import AsyncTask, SyncTask

LONG_SECONDS = 60


class Swallowing(AsyncTask[None]):
    index: int

    async def execute(self) -> None:
        enter("started", self, self.index)
        end = time.monotonic() + LONG_SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(LONG_SECONDS)


class Blocking(AsyncTask[None]):
    index: int

    async def execute(self) -> None:
        enter("started", self, self.index)
        time.sleep(LONG_SECONDS)  # noqa: ASYNC251 - no signal must wait for it


class Threaded(SyncTask[None]):
    index: int

    def execute(self) -> None:
        enter("started", self, self.index)
        time.sleep(LONG_SECONDS)
