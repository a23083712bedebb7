"""Sins against what comes out: promises 3 to 7 and 13."""

import asyncio

import attrs

from asynctasq.domain.lifecycle import State
from tests.contract.gallery.sinner import Sinner


class OverFetches(Sinner, breaks=3, seen_by_machine=True):
    def _take(self, queues, limit, lease_seconds, owner):
        return super()._take(queues, limit if limit == 1 else limit + 1, lease_seconds, owner)


class WaitsTooLong(Sinner, breaks=3, seen_by_machine=False):
    async def lease(self, queues, *, limit, lease_seconds, owner, wait=0.0):
        return await super().lease(queues, limit=limit, lease_seconds=lease_seconds, owner=owner, wait=2 * wait)


class SleepsThroughDueInstants(Sinner, breaks=3, seen_by_machine=False):
    async def _news(self, seconds):
        await super()._news(1000)


class IgnoresTheOrderOfQueues(Sinner, breaks=4, seen_by_machine=True):
    def _take(self, queues, limit, lease_seconds, owner):
        return super()._take(sorted(queues), limit, lease_seconds, owner)


class IgnoresPriorities(Sinner, breaks=4, seen_by_machine=True):
    async def enqueue(self, messages, *, key=None):
        self._storage.real_priorities.update((it.id, it.priority) for it in messages)
        return await super().enqueue([attrs.evolve(it, priority=0) for it in messages], key=key)

    def _take(self, queues, limit, lease_seconds, owner):
        leases = super()._take(queues, limit, lease_seconds, owner)
        for lease in leases:
            lease.message.priority = self._storage.real_priorities.get(lease.message.id, 0)
        return leases


class LeasesTwice(Sinner, breaks=5, seen_by_machine=True):
    """Takes a lease for expired when only the last of it is left."""

    def _take(self, queues, limit, lease_seconds, owner):
        now = self._now()
        for entry in list(self._storage.entries.values()):
            if entry.state is State.RUNNING and entry.message.queue in queues and entry.until - now < 1:
                self._storage.move(entry, State.PENDING, now, now)
        return super()._take(queues, limit, lease_seconds, owner)


class ReclaimsOnlyWhenOtherwiseCalled(Sinner, breaks=(3, 6), seen_by_machine=True):
    def _take(self, queues, limit, lease_seconds, owner):
        now = self._now()
        late = [it for it in self._storage.entries.values() if it.state is State.RUNNING and it.until <= now]
        for entry in late:
            self._storage.move(entry, State.RUNNING, now + 1e-3, now)
        leases = super()._take(queues, limit, lease_seconds, owner)
        for entry in late:
            self._storage.move(entry, State.RUNNING, now, now)
        return leases

    async def enqueue(self, messages, *, key=None):
        for queue in self._storage.queues():
            self._storage.line(queue, State.PENDING, self._now())
        return await super().enqueue(messages, key=key)


class ForgetsAttemptsThatCrashed(Sinner, breaks=7, seen_by_machine=True):
    def _take(self, queues, limit, lease_seconds, owner):
        leases = super()._take(queues, limit, lease_seconds, owner)
        return [attrs.evolve(lease, attempt=lease.failures + 1) for lease in leases]


class CountsCrashesAsFailures(Sinner, breaks=7, seen_by_machine=True):
    def _take(self, queues, limit, lease_seconds, owner):
        leases = super()._take(queues, limit, lease_seconds, owner)
        return [attrs.evolve(lease, failures=lease.attempt - 1) for lease in leases]


class LeavesCancelledLeasesBehind(Sinner, breaks=13, seen_by_machine=False):
    async def lease(self, queues, *, limit, lease_seconds, owner, wait=0.0):
        leases = await super().lease(queues, limit=limit, lease_seconds=lease_seconds, owner=owner, wait=wait)
        for _ in range(4):
            await asyncio.sleep(0)
        return leases
