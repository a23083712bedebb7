"""A task whose first attempt asks for another one, if it gets to its end."""

import asyncio

from counting import enter

from asynctasq import AsyncTask, RetryIn


class Stale(AsyncTask[None]):
    index: int
    seconds: float

    async def execute(self) -> None:
        enter("started", self, self.index)
        await asyncio.sleep(self.seconds)
        if self._current_attempt == 1:
            enter("asked again", self, self.index)
            raise RetryIn(0)
        enter("finished", self, self.index)
