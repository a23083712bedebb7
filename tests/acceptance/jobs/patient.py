"""Tasks of all four modes that go on until they are stopped, or until somebody opens their gate."""

import asyncio
import os
import time

from counting import enter

from asynctasq import AsyncProcessTask, AsyncTask, SyncProcessTask, SyncTask
from asynctasq.app.context import cancelled

LONG_SECONDS = 60
LOOK_SECONDS = 0.01


def wait_at(gate: str) -> None:
    """Until somebody opens this named pipe to write."""
    os.close(os.open(gate, os.O_RDONLY))


class OnLoop(AsyncTask[None]):
    index: int

    async def execute(self) -> None:
        enter("started", self, self.index)
        try:
            await asyncio.sleep(LONG_SECONDS)
        except asyncio.CancelledError:
            enter("stopped", self, self.index)
            raise


class InThread(SyncTask[None]):
    index: int

    def execute(self) -> None:
        enter("started", self, self.index)
        end = time.monotonic() + LONG_SECONDS
        while time.monotonic() < end and not cancelled():
            time.sleep(LOOK_SECONDS)
        enter("stopped", self, self.index)


class InChild(SyncProcessTask[None]):
    index: int

    def execute(self) -> None:
        enter("started", self, self.index)
        time.sleep(LONG_SECONDS)


class OnLoopInChild(AsyncProcessTask[None]):
    index: int

    async def execute(self) -> None:
        enter("started", self, self.index)
        await asyncio.sleep(LONG_SECONDS)


class Gated(SyncTask[None]):
    """Looks at nothing but its gate."""

    index: int
    gate: str

    def execute(self) -> None:
        enter("started", self, self.index)
        wait_at(self.gate)
        enter("finished", self, self.index)


class GatedInChild(SyncProcessTask[None]):
    index: int
    gate: str

    def execute(self) -> None:
        enter("started", self, self.index)
        wait_at(self.gate)
        enter("finished", self, self.index)
