"""Async tasks that let nobody else onto their loop."""

import time

from counting import enter

from asynctasq import AsyncTask


class Sleep(AsyncTask[None]):
    index: int
    seconds: float

    async def execute(self) -> None:
        enter("started", self, self.index)
        time.sleep(self.seconds)  # noqa: ASYNC251 - this is what must do no harm
        enter("finished", self, self.index)


class Spin(AsyncTask[None]):
    index: int
    seconds: float

    async def execute(self) -> None:
        enter("started", self, self.index)
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            pass
        enter("finished", self, self.index)
