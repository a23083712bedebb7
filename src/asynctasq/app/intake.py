"""Leases work for one worker. Lives on the broker's loop, so what it leases is renewed from the first moment."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence

from asynctasq.app import headers
from asynctasq.app.backoff import Backoff
from asynctasq.app.keeper import Keeper
from asynctasq.app.options import WorkerOptions
from asynctasq.app.queue_names import QueueNames
from asynctasq.app.settler import Settled, Settler
from asynctasq.domain.errors import Unavailable
from asynctasq.domain.lease import Lease
from asynctasq.domain.verdict import Release
from asynctasq.ports.queue import Queue

log = logging.getLogger("asynctasq.worker")

WAIT_SECONDS = 5.0
BURST_WAIT_SECONDS = 0.5
BURST_EMPTY_WAITS = 2


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
        options: WorkerOptions,
        *,
        on_leased: Callable[[Sequence[Lease]], object],
    ) -> None:
        self._queue = queue
        self._keeper = keeper
        self._settler = settler
        self._names = names
        self._options = options
        self._on_leased = on_leased
        self._taken_count = 0
        self._lingering: set[str] = set()
        self._changed = asyncio.Event()
        self._calling: asyncio.Task[object] | None = None
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
            backoff.reset()
            empty_waits = 0 if self._taken_count else empty_waits + 1
            await self._hand_out(leases)

    def stop(self) -> None:
        """End the call that waits, and let no other begin."""
        self._stopped = True
        self._changed.set()
        if self._calling is not None:
            self._calling.cancel()

    def linger(self, tokens: Sequence[str]) -> None:
        """These slots stay taken after their settlement."""
        self._lingering.update(tokens)

    def vacate(self) -> None:
        """A slot that lingered is free, or one whose lease was lost and settles nothing."""
        self._taken_count -= 1
        self._changed.set()

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
        """What is to run, after at most one wait; nothing once stopped."""
        if self._stopped:
            return ()
        self._calling = current = asyncio.current_task()
        lease_seconds = self._options.lease_seconds
        wait = BURST_WAIT_SECONDS if self._options.burst else WAIT_SECONDS
        try:
            names = await self._names.current()
            before = time.monotonic()
            # A lease counts from before the call, so the wait must leave enough of it for the first renewal.
            leases = await self._queue.lease(
                names,
                limit=self._options.concurrency - self._taken_count,
                lease_seconds=lease_seconds,
                owner=self._options.name,
                wait=min(wait, lease_seconds / 3),
            )
        except asyncio.CancelledError:
            if not self._stopped or current is None:
                raise
            current.uncancel()
            return ()
        finally:
            self._calling = None
        self._taken_count += len(leases)
        self._keeper.hold(leases, since=before)
        await self._shorten(leases)
        return self._settler.reclaim(leases)

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
        if not leases:
            return
        try:
            self._on_leased(leases)
        except RuntimeError:
            self.stop()
            self._give_back(leases)

    def _give_back(self, leases: Sequence[Lease]) -> None:
        if leases:
            self._settler.put([Release(lease, skewed_seconds=lease.skewed_seconds) for lease in leases])

    async def _until(self, true: Callable[[], bool]) -> None:
        while not (self._stopped or true()):
            self._changed.clear()
            await self._changed.wait()

    async def _pause(self, backoff: Backoff, error: Unavailable) -> None:
        seconds = backoff.next_seconds()
        log.warning("the queue gives no answer, asking again in %.1f s: %s", seconds, error)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._until(lambda: False), seconds)

    async def _shorten(self, leases: Sequence[Lease]) -> None:
        """Give those leases their length whose tasks want to be recovered sooner than after a whole one."""
        for length, batch in _by_shorter_length(leases).items():  # one call per length, and nearly never any
            for lease in batch:
                lease.lease_seconds = length
            before = time.monotonic()
            with contextlib.suppress(Unavailable):  # the next renewal sets the same length
                await self._queue.extend(batch, lease_seconds=length)
                self._keeper.hold(batch, since=before)


def _by_shorter_length(leases: Sequence[Lease]) -> Mapping[float, Sequence[Lease]]:
    shorter: dict[float, list[Lease]] = {}
    for lease in leases:
        asked = _visibility_of(lease)
        if asked is not None and asked < lease.lease_seconds:
            shorter.setdefault(asked, []).append(lease)
    return shorter


def _visibility_of(lease: Lease) -> float | None:
    try:
        return headers.seconds(lease.message, "visibility_timeout")
    except ValueError:
        return None  # the runner buries what it cannot read
