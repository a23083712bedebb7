"""Sins against others, of the same batch or the same queue: promises 14 to 16 and 18 to 21."""

import asyncio
import time

import attrs

from asynctasq.adapters.memory.storage import MemoryStorage
from asynctasq.domain.verdict import Ack, Reason, Refusal, Release
from tests.contract.gallery.sinner import Sinner


class HearsOnlyItself(Sinner, breaks=14, seen_by_machine=False):
    async def enqueue(self, messages, *, key=None):
        others, self._storage._bells = self._storage._bells, getattr(self, "_own", set())
        try:
            return await super().enqueue(messages, key=key)
        finally:
            self._storage._bells = others

    async def _news(self, seconds):
        self._own = self._storage._bells
        await super()._news(seconds)


class AnswersAfterClose(Sinner, breaks=15, seen_by_machine=False):
    async def ping(self):
        pass


class LeaksATask(Sinner, breaks=15, seen_by_machine=False):
    async def open(self):
        self.leaked = asyncio.create_task(asyncio.sleep(3600))


class FailsTheWholeBatchForOne(Sinner, breaks=16, seen_by_machine=True):
    async def settle(self, verdicts):
        refused = {isinstance(self._held(it.lease, self._now()), Refusal) for it in verdicts}
        if refused == {True, False}:
            return [Refusal(it.lease.message.id, it.lease.token, Reason.LOST) for it in verdicts]
        return await super().settle(verdicts)


class KeepsItsTokenOverARelease(Sinner, breaks=18, seen_by_machine=True):
    def _apply(self, verdict, entry, now):
        super()._apply(verdict, entry, now)
        if isinstance(verdict, Release):
            self._storage.old_tokens[entry.message.id] = entry.token

    def _take(self, queues, limit, lease_seconds, owner):
        leases = super()._take(queues, limit, lease_seconds, owner)
        for lease in leases:
            entry = self._storage.entries[lease.message.id]
            entry.token = lease.token = self._storage.old_tokens.pop(lease.message.id, lease.token)
        return leases


class CallsTheCancelledLost(Sinner, breaks=19, seen_by_machine=True):
    def _held(self, lease, now):
        held = super()._held(lease, now)
        return attrs.evolve(held, reason=Reason.LOST) if isinstance(held, Refusal) else held


class AppliesEffectsOfStaleTokens(Sinner, breaks=20, seen_by_machine=True):
    async def settle(self, verdicts):
        for verdict in verdicts:
            if isinstance(verdict, Ack) and isinstance(self._held(verdict.lease, self._now()), Refusal):
                self._follow(verdict.effects, self._now())
        return await super().settle(verdicts)


class TrustsTheClockOfItsProcess(Sinner, breaks=21, seen_by_machine=False):
    def __init__(self, storage: MemoryStorage, clock) -> None:
        super().__init__(storage, clock)
        self.difference = time.time() - time.monotonic()

    def _now(self):
        return super()._now() + round(time.time() - time.monotonic() - self.difference)
