"""A task that takes its worker with it."""

import os
import signal

from counting import enter
from ledger import note

from asynctasq import AsyncTask

WAYS = {
    "exit 0": lambda: os._exit(0),
    "exit 1": lambda: os._exit(1),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
}


class Deadly(AsyncTask[None]):
    index: int
    way: str

    async def execute(self) -> None:
        enter("started", self, self.index)
        note("killed")
        WAYS[self.way]()

    async def failed(self, exception: Exception) -> None:
        enter(f"failed: {type(exception).__name__}", self, self.index)
