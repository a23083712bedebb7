"""The broker's side of one worker: everything that touches its queue, on the broker's loop."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from attrs import define, field

from asynctasq.app.intake import Intake, QueueNames
from asynctasq.app.keeper import Keeper, OnLost
from asynctasq.app.options import WorkerOptions
from asynctasq.app.routes import Routes
from asynctasq.app.settler import OnSettled, Settler
from asynctasq.app.watch import Watch
from asynctasq.domain.lease import Lease
from asynctasq.domain.verdict import Release, Verdict
from asynctasq.ports.queue import Queue

log = logging.getLogger("asynctasq.worker")

LAST_WORDS_SECONDS = 0.4
LAST_RESORT_SECONDS = 1.3
"""How long after the end of `shutdown_timeout` the process is left even if the task loop does not move."""


@define(eq=False)
class Desk:
    """Opened, used and closed on the broker's loop; `on_lost` and `on_settled` are called there."""

    routes: Routes
    options: WorkerOptions
    known_queues: Callable[[], Sequence[str]] = field(kw_only=True)
    on_lost: OnLost = field(kw_only=True)
    on_settled: OnSettled = field(kw_only=True)
    watch: Watch = field(kw_only=True)
    _queue: Queue = field(init=False)
    _keeper: Keeper = field(init=False)
    _settler: Settler = field(init=False)
    _intake: Intake = field(init=False)
    _services: list[asyncio.Task[None]] = field(init=False, factory=list["asyncio.Task[None]"])
    _leaving: asyncio.TimerHandle | None = field(init=False, default=None)

    async def open(self) -> None:
        """Raises `Unavailable` as long as the queue cannot be opened."""
        options = self.options
        self._queue = await self.routes.queue(options.driver)
        self._keeper = Keeper(self._queue, lease_seconds=options.lease_seconds, on_lost=self.on_lost)
        self._settler = Settler(self._queue, self._keeper, on_settled=self.on_settled)
        self._intake = Intake(
            self._queue,
            self._keeper,
            self._settler,
            QueueNames(self._queue, options.queues, self.known_queues),
            lease_seconds=options.lease_seconds,
            owner=options.name,
        )
        loop = asyncio.get_running_loop()
        # Both run until `close`; a TaskGroup would need a body that lasts as long.
        self._services = [loop.create_task(self._keeper.run()), loop.create_task(self.watch.run())]

    async def take(self, limit: int, wait: float) -> Sequence[Lease]:
        return await self._intake.take(limit, wait)

    def stop_taking(self) -> None:
        if self._services:  # else it is not open yet, and there is nothing to stop
            self._intake.stop()

    def put(self, verdicts: Sequence[Verdict]) -> None:
        self._settler.put(verdicts)

    async def settle(self, verdicts: Sequence[Verdict]) -> None:
        """Return once the queue has answered these."""
        self._settler.put(verdicts)
        await self._settler.flush()

    async def flush(self) -> None:
        await self._settler.flush()

    async def give_up(self) -> None:
        """Give every message back that is still held here, whatever runs."""
        leases = self._keeper.leases
        if not leases:
            return
        log.warning("giving back %d messages whose tasks did not stop", len(leases))
        async with asyncio.timeout(LAST_WORDS_SECONDS):
            await self._queue.settle([Release(lease) for lease in leases])

    def leave_soon(self, leave: Callable[[], None]) -> None:
        """The last resort: give everything up and `leave`, should the task loop never get there. Again: sooner."""
        seconds = LAST_RESORT_SECONDS
        if self._leaving is None:
            seconds += self.options.shutdown_timeout
        else:
            self._leaving.cancel()
        loop = asyncio.get_running_loop()
        self._leaving = loop.call_later(seconds, lambda: self._services.append(loop.create_task(self._leave(leave))))

    async def _leave(self, leave: Callable[[], None]) -> None:
        try:
            await self.give_up()
        finally:
            leave()

    async def close(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
        for service in self._services:
            service.cancel()
        await asyncio.gather(*self._services, return_exceptions=True)
