"""Leases work for one worker. Lives on the broker's loop, so what it leases is renewed from the first moment."""

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence, Set

from asynctasq.app import headers
from asynctasq.app.backoff import Backoff
from asynctasq.app.keeper import Keeper
from asynctasq.app.options import WorkerOptions
from asynctasq.app.queue_names import QueueNames
from asynctasq.app.seats import Plan, Seats
from asynctasq.app.settler import Settled, Settler
from asynctasq.domain.errors import AsyncTasQError, Unavailable
from asynctasq.domain.lease import Lease
from asynctasq.domain.verdict import Release
from asynctasq.ports.queue import Queue

log = logging.getLogger("asynctasq.worker")

WAIT_SECONDS = 5.0
BURST_WAIT_SECONDS = 0.5
BURST_EMPTY_WAITS = 2

OnLeased = Callable[[Sequence[Lease], Set[str]], object]
"""Gets the leases that are to run, and the tokens of those that have a seat; process tasks without one go back."""


class Intake:
    """Knows how many slots are free without asking the task loop, so that a settlement is followed by a lease at once.

    A lease takes a slot, and its settlement frees it, unless the task loop said that it lingers: then `vacate` does.
    `on_leased` gets what is to run; it raises `RuntimeError` once nobody is left to run it.
    """

    def __init__(
        self,
        queue: Queue,
        keeper: Keeper,
        settler: Settler,
        names: QueueNames,
        seats: Seats,
        *,
        options: WorkerOptions,
        on_leased: OnLeased,
    ) -> None:
        self._queue = queue
        self._keeper = keeper
        self._settler = settler
        self._names = names
        self._seats = seats
        self._options = options
        self._on_leased = on_leased
        self._taken_count = 0
        self._lingering: set[str] = set()
        self._changed = asyncio.Event()
        self._plan = Plan((), 0, 0.0)
        self._calling: asyncio.Task[object] | None = None
        self._called_off = False
        self._stopped = False

    async def run(self) -> None:
        """Lease until `stop`, or in a burst until there is nothing left to do."""
        backoff = Backoff()
        empty_waits = 0
        while not self._stopped and not (self._options.burst and empty_waits >= BURST_EMPTY_WAITS):
            await self._until(lambda: self._taken_count < self._options.concurrency)
            try:
                leases = await self._lease()
            except Unavailable as error:
                await self._pause(backoff, error)
                continue
            except AsyncTasQError:
                raise  # nobody's patience will mend it
            except Exception as error:
                log.exception("the queue raises what it should not")
                await self._pause(backoff, error)
                continue
            backoff.reset()
            empty_waits = 0 if self._taken_count else empty_waits + 1
            await self._hand_out(leases)

    def stop(self) -> None:
        """End the call that waits, and let no other begin."""
        self._stopped = True
        self._changed.set()
        self._call_off()

    def linger(self, tokens: Sequence[str]) -> None:
        """These slots stay taken after their settlement."""
        self._lingering.update(tokens)

    def vacate(self) -> None:
        """A slot that lingered is free, or one whose lease was lost and settles nothing."""
        self._taken_count -= 1
        self._changed.set()

    def free_seat(self) -> None:
        """A process task has ended, hooks included, whether or not it is settled."""
        self._seats.give_back()
        if self._plan.leaves_out:
            self._call_off()

    def settled(self, settled: Sequence[Settled]) -> None:
        """The slots of these are free."""
        count = len(settled)
        if self._lingering:
            tokens = {verdict.lease.token for verdict, _ in settled}
            count -= len(tokens & self._lingering)
            self._lingering -= tokens
        self._taken_count -= count
        self._changed.set()

    async def _lease(self) -> Sequence[Lease]:
        """What is to run, after at most one wait; nothing once stopped or called off."""
        if self._stopped:
            return ()
        self._called_off = False
        self._calling = current = asyncio.current_task()
        try:
            names = await self._names.current()
            before = time.monotonic()
            leases = await self._call(names)
        except asyncio.CancelledError:
            if not self._called_off or current is None:
                raise
            current.uncancel()
            return ()
        finally:
            self._calling = None
        self._taken_count += len(leases)
        self._keeper.hold(leases, since=before)
        await self._shorten(leases)
        return await self._live(self._settler.reclaim(leases), since=before)

    async def _call(self, names: Sequence[str]) -> Sequence[Lease]:
        lease_seconds = self._options.lease_seconds
        wait = BURST_WAIT_SECONDS if self._options.burst else WAIT_SECONDS
        # A lease counts from before the call, so the wait must leave enough of it for the first renewal.
        wait = min(wait, lease_seconds / 3)
        self._plan = plan = self._seats.plan(names, self._options.concurrency - self._taken_count, wait)
        if names and not plan.queues:
            await asyncio.sleep(plan.wait)
            return ()
        return await self._queue.lease(
            plan.queues, limit=plan.limit, lease_seconds=lease_seconds, owner=self._options.name, wait=plan.wait
        )

    def _call_off(self) -> None:
        if self._calling is not None:
            self._called_off = True
            self._calling.cancel()

    async def _hand_out(self, leases: Sequence[Lease]) -> None:
        suspect = next((lease for lease in leases if lease.crashes and not lease.exhausted), None)
        if suspect is None:
            self._begin(leases)
            return
        # What may kill this process again does it alone: the others go back, and are back, before it starts.
        self._give_back([lease for lease in leases if lease is not suspect])
        await self._settler.flush()
        await self._until(lambda: self._taken_count == 1)
        if self._stopped:
            self._give_back([suspect])
            return
        self._begin([suspect])
        await self._until(lambda: self._taken_count == 0)

    def _begin(self, leases: Sequence[Lease]) -> None:
        if not leases and self._called_off:
            return
        admitted = self._seats.admit(leases, self._plan.limit)
        self._give_back(admitted.refused)
        if not admitted.leases:
            return
        try:
            self._on_leased(admitted.leases, admitted.seated)
        except RuntimeError:
            self.stop()
            self._give_back(admitted.leases)

    def _give_back(self, leases: Sequence[Lease]) -> None:
        if leases:
            self._settler.put([Release(lease, skewed_seconds=lease.skewed_seconds) for lease in leases])

    async def _until(self, true: Callable[[], bool]) -> None:
        while not (self._stopped or true()):
            self._changed.clear()
            await self._changed.wait()

    async def _pause(self, backoff: Backoff, error: Exception) -> None:
        seconds = backoff.next_seconds()
        log.warning("the queue gives no answer, asking again in %.1f s: %s", seconds, error)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._until(lambda: False), seconds)

    async def _live(self, leases: Sequence[Lease], *, since: float) -> Sequence[Lease]:
        """Those that last. What a slow answer has left little of is renewed, or not begun."""
        length = self._options.lease_seconds
        if not leases or time.monotonic() - since < length / 2:
            return leases
        before = time.monotonic()
        try:
            refusals = await self._queue.extend(leases, lease_seconds=length)
        except Exception as error:  # noqa: BLE001 - whatever it is: held and not begun, they would be renewed for ever
            log.warning("%d leases are given back, they could not be renewed: %s", len(leases), error)
            self._give_back(leases)
            return ()
        lost = {refusal.token for refusal in refusals}
        self._keeper.hold([lease for lease in leases if lease.token not in lost], since=before)
        self._give_back([lease for lease in leases if lease.token in lost])
        return [lease for lease in leases if lease.token not in lost]

    async def _shorten(self, leases: Sequence[Lease]) -> None:
        """Give those leases their length whose tasks want to be recovered sooner than after a whole one."""
        for length, batch in _by_shorter_length(leases).items():  # one call per length, and nearly never any
            for lease in batch:
                lease.lease_seconds = length
            before = time.monotonic()
            with contextlib.suppress(Exception):  # the next renewal sets the same length, or tells what is wrong
                await self._queue.extend(batch, lease_seconds=length)
                self._keeper.hold(batch, since=before)


def _by_shorter_length(leases: Sequence[Lease]) -> Mapping[float, Sequence[Lease]]:
    shorter: dict[float, list[Lease]] = {}
    for lease in leases:
        if "visibility_timeout" in lease.message.headers and (asked := _visibility_of(lease)) < lease.lease_seconds:
            shorter.setdefault(asked, []).append(lease)
    return shorter


def _visibility_of(lease: Lease) -> float:
    try:
        return headers.seconds(lease.message, "visibility_timeout") or math.inf
    except ValueError:
        return math.inf  # the runner buries what it cannot read
