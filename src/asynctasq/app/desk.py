"""The broker's side of one worker: everything that touches its queue, on the broker's loop."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence

from attrs import define, field

from asynctasq.app.intake import Intake, OnLeased
from asynctasq.app.keeper import Keeper, OnLost
from asynctasq.app.options import WorkerOptions
from asynctasq.app.queue_names import QueueNames
from asynctasq.app.routes import Routes
from asynctasq.app.seats import Seats
from asynctasq.app.settler import OnSettled, Settled, Settler
from asynctasq.app.watch import Watch
from asynctasq.domain.verdict import Release, Verdict
from asynctasq.ports.queue import Queue

log = logging.getLogger("asynctasq.worker")

LAST_WORDS_SECONDS = 0.4
LAST_RESORT_SECONDS = 1.3
"""How long after the end of `shutdown_timeout` the process is left even if the task loop does not move."""


@define(eq=False)
class Desk:
    """Opened, used and closed on the broker's loop, where it calls what begins with `on_`.

    `on_ended` says that nothing more will be leased: there was nothing left for a burst, or something went wrong.
    """

    routes: Routes
    options: WorkerOptions
    known_queues: Callable[[], Sequence[str]] = field(kw_only=True)
    in_child: Callable[[str], bool] = field(kw_only=True)
    """Whether a task is known to run in a child process; asked by its name, on the broker's loop."""
    on_leased: OnLeased = field(kw_only=True)
    on_lost: OnLost = field(kw_only=True)
    on_settled: OnSettled = field(kw_only=True)
    on_ended: Callable[[], None] = field(kw_only=True)
    watch: Watch = field(kw_only=True)
    _queue: Queue = field(init=False)
    _keeper: Keeper = field(init=False)
    _settler: Settler = field(init=False)
    _intake: Intake = field(init=False)
    _taking: "asyncio.Task[None] | None" = field(init=False, default=None)
    _services: list[asyncio.Task[None]] = field(init=False, factory=list["asyncio.Task[None]"])
    _leaving: asyncio.TimerHandle | None = field(init=False, default=None)

    async def open(self) -> None:
        """Raises `Unavailable` as long as the queue cannot be opened."""
        options = self.options
        self._queue = await self.routes.queue(options.driver)
        self._keeper = Keeper(self._queue, lease_seconds=options.lease_seconds, on_lost=self.on_lost)
        self._settler = Settler(self._queue, self._keeper, on_settled=self._settled)
        names = QueueNames(self._queue, options.queues, self.known_queues)
        seats = Seats(options.child_count, options.concurrency, in_child=self.in_child)
        self._intake = Intake(
            self._queue, self._keeper, self._settler, names, seats, options=options, on_leased=self.on_leased
        )
        loop = asyncio.get_running_loop()
        # All run until `close`; a TaskGroup would need a body that lasts as long.
        self._services = [loop.create_task(self._keeper.run()), loop.create_task(self.watch.run())]
        self._taking = loop.create_task(self._intake.run())
        self._taking.add_done_callback(lambda _: self.on_ended())

    def stop_taking(self) -> None:
        if self._taking is not None:  # else it is not open yet, and there is nothing to stop
            self._intake.stop()

    async def end_taking(self) -> None:
        """Return when all that was leased has been handed out; raises what ended the leasing, if anything did."""
        self.stop_taking()
        if self._taking is not None:
            await self._taking

    def put(self, verdicts: Sequence[Verdict], lingering: Sequence[str] = ()) -> None:
        """Settle these. The slots of `lingering`, given as tokens, stay taken until `vacate`."""
        self._intake.linger(lingering)
        self._settler.put(verdicts)

    def vacate(self) -> None:
        self._intake.vacate()

    def free_seat(self) -> None:
        self._intake.free_seat()

    def _settled(self, settled: Sequence[Settled]) -> None:
        self._intake.settled(settled)
        self.on_settled(settled)

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
        if self._taking is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS_SECONDS):
                    await self._settler.flush()
        await asyncio.gather(*self._services, return_exceptions=True)
