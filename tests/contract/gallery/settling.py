"""Sins against how a lease ends: promises 8 to 11."""

import asyncio

from asynctasq.domain.lifecycle import State
from asynctasq.domain.verdict import Ack, Bury, Reason, Refusal, Release, Retry
from tests.contract.gallery.sinner import Sinner


class RetriesInTwoSteps(Sinner, breaks=8, seen_by_machine=False):
    async def settle(self, verdicts):
        lost = [self._storage.entries.get(it.lease.message.id) for it in verdicts if isinstance(it, Retry)]
        held = [entry for entry in lost if entry and entry.state is State.RUNNING]
        for entry in held:
            self._storage.forget(entry)
        await asyncio.sleep(0)
        now = self._now()
        for entry in held:
            self._storage.entries[entry.message.id] = entry
            self._storage._join(entry, entry.state, entry.until, now)
        return await super().settle(verdicts)


class ForgetsEffects(Sinner, breaks=8, seen_by_machine=True):
    def _follow(self, effects, now):
        pass


class AcksStaleLeases(Sinner, breaks=9, seen_by_machine=True):
    async def settle(self, verdicts):
        accepted = [it for it in verdicts if isinstance(it, Ack) and self._is_stale(it.lease)]
        for verdict in accepted:
            self._storage.forget(self._storage.entries[verdict.lease.message.id])
        return await super().settle([it for it in verdicts if it not in accepted])

    def _is_stale(self, lease):
        entry = self._storage.entries.get(lease.message.id)
        return entry and entry.state is State.RUNNING and entry.token != lease.token


class IsSilentAboutLostLeases(Sinner, breaks=9, seen_by_machine=True):
    async def settle(self, verdicts):
        return [refusal for refusal in await super().settle(verdicts) if refusal.reason is not Reason.LOST]


class RefusesLiveLeases(Sinner, breaks=9, seen_by_machine=True):
    """Calls a lease lost when only the last of it is left."""

    async def settle(self, verdicts):
        late = [it for it in verdicts if self._ends_soon(it.lease)]
        refusals = [Refusal(it.lease.message.id, it.lease.token, Reason.LOST) for it in late]
        return [*refusals, *await super().settle([it for it in verdicts if it not in late])]

    def _ends_soon(self, lease):
        entry = self._storage.entries.get(lease.message.id)
        now = self._now()
        return entry and entry.token == lease.token and entry.state is State.RUNNING and 0 < entry.until - now <= 1


class LosesWhatIsReleasedForLater(Sinner, breaks=10, seen_by_machine=True):
    def _apply(self, verdict, entry, now):
        if isinstance(verdict, Release) and verdict.delay_seconds:
            self._storage.forget(entry)
        else:
            super()._apply(verdict, entry, now)


class CountsReleasedAttempts(Sinner, breaks=10, seen_by_machine=True):
    def _apply(self, verdict, entry, now):
        super()._apply(verdict, entry, now)
        entry.attempt += isinstance(verdict, Release)


class DigsUpTheBuried(Sinner, breaks=10, seen_by_machine=True):
    def _apply(self, verdict, entry, now):
        if isinstance(verdict, Bury) and not verdict.lease.defect and verdict.lease.lease_seconds <= 3:
            entry.token = ""
        else:
            super()._apply(verdict, entry, now)


class ResurrectsByExtending(Sinner, breaks=11, seen_by_machine=True):
    async def extend(self, leases, *, lease_seconds):
        now = self._now()
        for lease in leases:
            entry = self._storage.entries.get(lease.message.id)
            if entry and entry.token == lease.token and entry.state in (State.RUNNING, State.PENDING):
                self._storage.move(entry, State.RUNNING, now + lease_seconds, now)
        return await super().extend(leases, lease_seconds=lease_seconds)


class NeverShortensALease(Sinner, breaks=11, seen_by_machine=True):
    async def extend(self, leases, *, lease_seconds):
        before = {it.message.id: self._storage.entries.get(it.message.id) for it in leases}
        ends = {id: entry.until for id, entry in before.items() if entry}
        refusals = await super().extend(leases, lease_seconds=lease_seconds)
        for id in ends.keys() - {refusal.id for refusal in refusals}:
            entry = self._storage.entries[id]
            self._storage.move(entry, State.RUNNING, max(entry.until, ends[id]), self._now())
        return refusals
