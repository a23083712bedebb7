"""A task that writes down that it left, however it did."""

import asyncio

from counting import enter

from asynctasq import AsyncTask


class Chaotic(AsyncTask[None]):
    index: int
    seconds: float

    async def execute(self) -> None:
        enter("started", self, self.index)
        try:
            await asyncio.sleep(self.seconds)
            enter("finished", self, self.index)
        finally:
            enter("left", self, self.index)
