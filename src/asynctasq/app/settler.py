"""Sends verdicts to the queue, all that gathered during one settlement in the next. Lives on the broker's loop."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from attrs import evolve

from asynctasq.app.backoff import Backoff
from asynctasq.app.keeper import Held, Keeper
from asynctasq.domain.errors import AsyncTasQError, Closed, Unavailable
from asynctasq.domain.lease import Lease
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Bury, Reason, Refusal, Release, Verdict
from asynctasq.ports.queue import Queue

log = logging.getLogger("asynctasq.settler")

Settled = tuple[Verdict, Refusal | None]
OnSettled = Callable[[Sequence[Settled]], None]

BATCH_LIMIT = 1000
REMEMBERED_LIMIT = 1000


class Settler:
    """Every verdict that is put in comes out once through `on_settled`, applied or with its refusal."""

    def __init__(self, queue: Queue, keeper: Keeper, *, on_settled: OnSettled) -> None:
        self._queue = queue
        self._keeper = keeper
        self._on_settled = on_settled
        self._pending: list[Verdict] = []
        self._refused: dict[str, Verdict] = {}
        self._sender: asyncio.Task[None] | None = None
        self._backoff = Backoff()

    def put(self, verdicts: Sequence[Verdict]) -> None:
        self._pending += verdicts
        if self._sender is None:
            # Its life is this object's: it ends with the last verdict, and `flush` waits for it.
            self._sender = asyncio.get_running_loop().create_task(self._send_all())

    def reclaim(self, leases: Sequence[Lease]) -> Sequence[Lease]:
        """The leases that must run. A message that this worker finished but lost before it was settled is settled now.

        Unless somebody else started it in between, which the queue's count tells.
        """
        if not self._refused:
            return leases
        fresh: list[Lease] = []
        for lease in leases:
            verdict = self._refused.pop(lease.message.id, None)
            if verdict is not None and lease.attempt == verdict.lease.attempt + 1:
                self.put([evolve(verdict, lease=lease)])
            else:
                fresh.append(lease)
        return fresh

    async def flush(self) -> None:
        """Return once nothing is pending."""
        while self._sender is not None:
            await asyncio.wait([self._sender])

    async def _send_all(self) -> None:
        try:
            while self._pending:
                batch, self._pending = self._pending[:BATCH_LIMIT], self._pending[BATCH_LIMIT:]
                await self._send(batch)
        finally:
            self._sender = None

    async def _send(self, batch: Sequence[Verdict]) -> None:
        live, held = self._still_ours(batch)
        if not live:
            return
        try:
            refusals = await self._settle(live)
        except Closed:
            self._finish([(verdict, _lost(verdict)) for verdict in live])
            return
        except Unavailable as error:
            if self._backoff.failure_count == 0:
                log.warning("%d outcomes wait for the broker: %s", len(live), error)
            self._keeper.take_back(held)
            self._pending = [*live, *self._pending]
            await asyncio.sleep(self._backoff.next_seconds())
            return
        self._backoff.reset()
        self._report(live, refusals)

    def _still_ours(self, batch: Sequence[Verdict]) -> tuple[list[Verdict], list[Held]]:
        """A lease leaves the keeper before its verdict is sent; past its end nothing is sent at all."""
        live: list[Verdict] = []
        kept: list[Held] = []
        lost: list[Settled] = []
        now = time.monotonic()
        for verdict in batch:
            held = self._keeper.let_go(verdict.lease)
            if held is None or held.is_over(now):
                lost.append((verdict, _lost(verdict)))
            else:
                live.append(verdict)
                kept.append(held)
        self._finish(lost)
        return live, kept

    async def _settle(self, batch: Sequence[Verdict]) -> Sequence[Refusal]:
        try:
            return await self._queue.settle(batch)
        except (Closed, Unavailable):
            raise
        except Exception as error:  # noqa: BLE001 - the broker rejects the batch for its data: find the culprit
            if len(batch) == 1:
                return await self._settle_alone(batch[0], error)
            middle = len(batch) // 2
            return [*await self._settle(batch[:middle]), *await self._settle(batch[middle:])]

    async def _settle_alone(self, verdict: Verdict, error: Exception) -> Sequence[Refusal]:
        """Bury what cannot be stored; unless nothing can be stored now, so that it is not the verdict's fault."""
        reason = ErrorInfo("Unstorable", f"its outcome could not be stored: {type(error).__name__}")
        try:
            await self._queue.extend([verdict.lease], lease_seconds=verdict.lease.lease_seconds)
            log.error("the outcome of %s cannot be stored, burying it", verdict.lease.message.id, exc_info=error)
            return await self._queue.settle([Bury(verdict.lease, error=reason)])
        except AsyncTasQError:
            raise
        except Exception as worse:
            log.exception("the queue raises what it should not")
            raise Unavailable(f"the queue failed with {type(worse).__name__}: {worse}") from worse

    def _report(self, batch: Sequence[Verdict], refusals: Sequence[Refusal]) -> None:
        if not refusals:
            self._finish([(verdict, None) for verdict in batch])
            return
        refused = {refusal.token: refusal for refusal in refusals}
        self._finish([(verdict, refused.get(verdict.lease.token)) for verdict in batch])

    def _finish(self, settled: Sequence[Settled]) -> None:
        if not settled:
            return
        for verdict, refusal in settled:
            if refusal and refusal.reason is Reason.LOST and not isinstance(verdict, Release):
                self._refused[verdict.lease.message.id] = verdict
        while len(self._refused) > REMEMBERED_LIMIT:
            del self._refused[next(iter(self._refused))]
        self._on_settled(settled)


def _lost(verdict: Verdict) -> Refusal:
    lease = verdict.lease
    return Refusal(lease.message.id, lease.token, Reason.LOST, "the lease ended before its outcome could be sent")
