"""Sins against what goes in: promises 1, 2, 12, 17, 18 and 22."""

import attrs

from asynctasq.domain.lifecycle import State
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Bury
from tests.contract.gallery.sinner import Sinner


class ConfirmsWhatItHasNotStored(Sinner, breaks=1, seen_by_machine=True):
    confirmed = ()

    async def enqueue(self, messages):
        self.confirmed = messages
        return await super().enqueue(messages)

    def crash(self):
        for message in self.confirmed:
            entry = self._storage.entries.get(message.id)
            if entry and not entry.token:
                self._storage.forget(entry)


class WakesDelayedMessagesEarly(Sinner, breaks=2, seen_by_machine=True):
    async def enqueue(self, messages):
        sooner = [attrs.evolve(it, delay_seconds=max(0, it.delay_seconds - 1)) for it in messages]
        return await super().enqueue(sooner)


class MendsBodies(Sinner, breaks=12, seen_by_machine=False):
    async def enqueue(self, messages):
        mended = [attrs.evolve(it, body=it.body.decode(errors="replace").encode()) for it in messages]
        return await super().enqueue(mended)


class DropsEmptyHeaders(Sinner, breaks=12, seen_by_machine=False):
    async def enqueue(self, messages):
        kept = [attrs.evolve(it, headers={k: v for k, v in it.headers.items() if v}) for it in messages]
        return await super().enqueue(kept)


class HidesGarbage(Sinner, breaks=17, seen_by_machine=False):
    def _take(self, queues, limit, lease_seconds, owner):
        return [it for it in super()._take(queues, limit, lease_seconds, owner) if not it.defect]


class EnqueuesTwiceWhatRuns(Sinner, breaks=18, seen_by_machine=True):
    async def enqueue(self, messages):
        for message in messages:
            entry = self._storage.entries.get(message.id)
            if entry and entry.state is State.RUNNING:
                self._storage.forget(entry)
        return await super().enqueue(messages)


class StoresErrorsAsTheyCome(Sinner, breaks=22, seen_by_machine=False):
    def _apply(self, verdict, entry, now):
        super()._apply(verdict, entry, now)
        entry.error = verdict.error if isinstance(verdict, Bury) else ErrorInfo("")
