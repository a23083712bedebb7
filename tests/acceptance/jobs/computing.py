"""Tasks in child processes."""

import asyncio
import logging
import os
import re
import time

from counting import enter
from deadly import WAYS

from asynctasq import AsyncProcessTask, SyncProcessTask

LONG_SECONDS = 60
STORM_LINES = 100_000
TEN_MEGABYTES = 10_000_000

log = logging.getLogger(__name__)


class Compute(SyncProcessTask[None]):
    index: int
    seconds: float

    def execute(self) -> None:
        enter("started", self, self.index)
        print(f"computing {self.index} in {os.getpid()}")
        log.info("computed %d", self.index)
        time.sleep(self.seconds)
        enter("finished", self, self.index)


class ComputeOnLoop(AsyncProcessTask[None]):
    index: int

    async def execute(self) -> None:
        enter("started", self, self.index)
        await asyncio.sleep(0)
        enter(f"on loop {id(asyncio.get_running_loop())}", self, self.index)
        enter("finished", self, self.index)


class Talk(SyncProcessTask[str]):
    """Says more than anybody wants to hear, and returns more than anybody can store."""

    index: int

    def execute(self) -> str:
        enter("started", self, self.index)
        log.info("about to talk")
        for number in range(STORM_LINES):
            print("storm", number)
        return "x" * TEN_MEGABYTES


class Mortal(SyncProcessTask[None]):
    index: int
    way: str

    def execute(self) -> None:
        enter("started", self, self.index)
        WAYS[self.way]()


class Sleep(SyncProcessTask[None]):
    index: int

    def execute(self) -> None:
        enter("started", self, self.index)
        time.sleep(LONG_SECONDS)

    def failed(self, exception: Exception) -> None:
        enter(f"failed: {type(exception).__name__}", self, self.index)


class Hog(SyncProcessTask[None]):
    """Never lets go of the interpreter's lock."""

    index: int

    def execute(self) -> None:
        enter("started", self, self.index)
        re.match("(a+)+$", "a" * 60 + "b")


class Unpicklable(Exception):
    def __init__(self, task: "Fail") -> None:
        super().__init__(lambda: task)
        self.task = task


class Fail(SyncProcessTask[None]):
    index: int

    def execute(self) -> None:
        enter("started", self, self.index)
        raise Unpicklable(self)

    def should_retry(self, exception: Exception) -> bool:
        enter("asked", self, self.index)
        return not (isinstance(exception, Unpicklable) and exception.task is self)

    def failed(self, exception: Exception) -> None:
        enter(f"failed: {type(exception).__name__}", self, self.index)


class HangInHook(SyncProcessTask[None]):
    index: int

    def execute(self) -> None:
        enter("started", self, self.index)
        raise ValueError("for good")

    def should_retry(self, exception: Exception) -> bool:
        enter("asked", self, self.index)
        return False

    def failed(self, exception: Exception) -> None:
        enter(f"failed: {type(exception).__name__}", self, self.index)
        time.sleep(LONG_SECONDS)


class HangInHookOnLoop(AsyncProcessTask[None]):
    index: int

    async def execute(self) -> None:
        enter("started", self, self.index)
        raise ValueError("for good")

    def should_retry(self, exception: Exception) -> bool:
        enter("asked", self, self.index)
        return False

    async def failed(self, exception: Exception) -> None:
        enter(f"failed: {type(exception).__name__}", self, self.index)
        await asyncio.sleep(LONG_SECONDS)
