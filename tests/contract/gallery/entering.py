"""Sins against what goes in: promises 1, 2, 12, 17, 18 and 22."""

import attrs

from asynctasq.domain.lifecycle import State
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Bury, Reason, Refusal
from tests.contract.gallery.sinner import Sinner


class ConfirmsWhatItHasNotStored(Sinner, breaks=1, seen_by_machine=True):
    confirmed = ()

    async def enqueue(self, messages, *, key=None):
        self.confirmed = messages
        return await super().enqueue(messages, key=key)

    def crash(self):
        for message in self.confirmed:
            entry = self._storage.entries.get(message.id)
            if entry and not entry.token:
                self._storage.forget(entry)


class WakesDelayedMessagesEarly(Sinner, breaks=2, seen_by_machine=True):
    async def enqueue(self, messages, *, key=None):
        sooner = [attrs.evolve(it, delay_seconds=max(0, it.delay_seconds - 1)) for it in messages]
        return await super().enqueue(sooner, key=key)


class MendsBodies(Sinner, breaks=12, seen_by_machine=False):
    async def enqueue(self, messages, *, key=None):
        mended = [attrs.evolve(it, body=it.body.decode(errors="replace").encode()) for it in messages]
        return await super().enqueue(mended, key=key)


class DropsEmptyHeaders(Sinner, breaks=12, seen_by_machine=False):
    async def enqueue(self, messages, *, key=None):
        kept = [attrs.evolve(it, headers={k: v for k, v in it.headers.items() if v}) for it in messages]
        return await super().enqueue(kept, key=key)


class HidesGarbage(Sinner, breaks=17, seen_by_machine=False):
    def _take(self, queues, limit, lease_seconds, owner):
        return [it for it in super()._take(queues, limit, lease_seconds, owner) if not it.defect]


class EnqueuesTwiceWhatRuns(Sinner, breaks=18, seen_by_machine=True):
    async def enqueue(self, messages, *, key=None):
        for message in messages:
            entry = self._storage.entries.get(message.id)
            if entry and entry.state is State.RUNNING:
                self._storage.forget(entry)
        return await super().enqueue(messages, key=key)


class RefusesBothOfABatch(Sinner, breaks=18, seen_by_machine=False):
    async def enqueue(self, messages, *, key=None):
        ids = [message.id for message in messages]
        both = [Refusal(id, "", Reason.DUPLICATE) for id in ids if ids.count(id) > 1]
        return [*both, *await super().enqueue([it for it in messages if ids.count(it.id) == 1], key=key)]


class StoresErrorsAsTheyCome(Sinner, breaks=22, seen_by_machine=False):
    def _apply(self, verdict, entry, now):
        super()._apply(verdict, entry, now)
        entry.error = verdict.error if isinstance(verdict, Bury) else ErrorInfo("")


class ForgetsItsSenders(Sinner, breaks=18, seen_by_machine=False):
    async def enqueue(self, messages, *, key=None):
        return await super().enqueue(messages)


class RemembersSendersInItsClient(Sinner, breaks=18, seen_by_machine=False):
    last = None

    async def enqueue(self, messages, *, key=None):
        if key and key == self.last:
            return [Refusal(message.id, "", Reason.DUPLICATE) for message in messages]
        self.last = key
        return await super().enqueue(messages)


class HearsEachSenderOnce(Sinner, breaks=18, seen_by_machine=False):
    async def enqueue(self, messages, *, key=None):
        once = key and attrs.evolve(key, number=0)
        return await super().enqueue(messages, key=once)


class LetsInWhateverBearsAKey(Sinner, breaks=18, seen_by_machine=False):
    async def enqueue(self, messages, *, key=None):
        refusals = await super().enqueue(messages, key=key)
        return [] if key and len(refusals) < len(messages) else refusals
