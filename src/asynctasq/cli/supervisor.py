"""Several worker processes from one command: starts them, replaces what dies, passes stops on, leaves last."""

import asyncio
import contextlib
import logging
import signal
import sys
import time
from collections.abc import Sequence

from attrs import define, evolve, field

from asynctasq.app.backoff import Backoff
from asynctasq.cli.failures import FAILED
from asynctasq.cli.order import Order
from asynctasq.cli.recruit import Recruit

log = logging.getLogger("asynctasq.supervisor")

STEADY_SECONDS = 10.0
"""Who lived for so long died of something new: its successor need not wait."""
HURRY_SECONDS = 5.0
"""How long processes may take that were told to hurry."""


async def supervise(order: Order) -> None:
    """Return when every process has left as it should; else the exit status says so."""
    supervisor = Supervisor([Post(evolve(order, place=place)) for place in range(order.processes)])
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, supervisor.stop)
    if status := await supervisor.run():
        sys.exit(status)


@define(eq=False)
class Post:
    """One place among the processes, and who holds it."""

    order: Order
    recruit: Recruit | None = None
    stop_count: int = 0
    backoff: Backoff = field(factory=Backoff)
    _stopping: asyncio.Event = field(init=False, factory=asyncio.Event)

    @property
    def name(self) -> str:
        return f"worker process {self.order.place + 1} of {self.order.processes}"

    async def first(self) -> int | None:
        """The status of a process that could not even begin, None for one that works."""
        self.recruit = await self._start()
        if await self.recruit.is_ready() or self.stop_count:
            return None
        return await self.recruit.ended() or None

    async def keep(self) -> None:
        """Replace whoever dies, until a stop or the end of a burst."""
        while self.recruit is not None or not self._stopping.is_set():
            recruit = self.recruit = self.recruit or await self._start()
            began = time.monotonic()
            status = await recruit.ended()
            self.recruit = None
            if self._stopping.is_set() or (self.order.burst and status == 0):
                return
            if time.monotonic() - began >= STEADY_SECONDS:
                self.backoff.reset()
            await self._rest(f"pid {recruit.pid}, {recruit.obituary}")

    def stop(self) -> None:
        self.stop_count += 1
        self._stopping.set()
        if self.recruit is not None:
            self.recruit.stop()

    async def _start(self) -> Recruit:
        recruit = await Recruit.start(self.order)
        log.info("%s is pid %d", self.name, recruit.pid)
        for _ in range(self.stop_count):  # they came while it was being started
            recruit.stop()
        return recruit

    async def _rest(self, death: str) -> None:
        seconds = self.backoff.next_seconds()
        log.warning("%s (%s) is gone, the next one starts in %.1f s", self.name, death, seconds)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)


@define(eq=False)
class Supervisor:
    """The first process goes first: what keeps it from working would keep all of them, and is said once."""

    posts: Sequence[Post]
    _killing: asyncio.TimerHandle | None = field(init=False, default=None)
    _killed: bool = field(init=False, default=False)

    async def run(self) -> int:
        """The exit status."""
        if status := await self.posts[0].first():
            return status if status > 0 else FAILED
        async with asyncio.TaskGroup() as group:
            for post in self.posts:
                group.create_task(post.keep())
        if self._killing is not None:
            self._killing.cancel()
        return FAILED if self._killed else 0

    def stop(self) -> None:
        """Let tasks finish. Again: stop them at once, and kill processes that do not leave even then."""
        if self.posts[0].stop_count == 0:
            log.info("stopping %d worker processes", len(self.posts))
        elif self._killing is None:
            self._killing = asyncio.get_running_loop().call_later(HURRY_SECONDS, self._kill)
        for post in self.posts:
            post.stop()

    def _kill(self) -> None:
        for post in self.posts:
            if post.recruit is not None:
                log.warning("%s does not leave and is killed", post.name)
                post.recruit.kill()
                self._killed = True
