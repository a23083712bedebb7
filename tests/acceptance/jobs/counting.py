"""Tasks that do nothing but take their time and write down that they did."""

import asyncio

from fate import fate
from ledger import note

from asynctasq import AsyncTask
from asynctasq.app.sendable import Sendable


def enter(event: str, task: Sendable, index: int) -> None:
    note(event, id=task._task_id or "", index=index, attempt=task._current_attempt)


class Count(AsyncTask[None]):
    index: int
    seconds: float

    async def execute(self) -> None:
        enter("started", self, self.index)
        await asyncio.sleep(self.seconds / 2)
        fate.pass_by("running")
        await asyncio.sleep(self.seconds / 2)
        enter("finished", self, self.index)
