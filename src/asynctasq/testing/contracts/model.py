"""What a queue must do, written as plainly as possible and without looking at one: the oracle of the state machine.

Times are in the units of the bench. `until` is when a message is due, or while it runs when its lease ends.
"""

import math
from collections.abc import Sequence

from attrs import define, field

from asynctasq.domain.lease import Lease
from asynctasq.domain.lifecycle import State
from asynctasq.domain.message import Message
from asynctasq.domain.verdict import Ack, Bury, Cancel, Reason, Release, Retry, Verdict
from asynctasq.ports.queue import Capabilities

DONE: frozenset[Reason] = frozenset()
LOST = frozenset({Reason.LOST})
CANCELLED = frozenset({Reason.CANCELLED})


@define
class Kept:
    message: Message
    until: float
    running: bool = False
    ended: State | None = None
    attempt: int = 0
    failures: int = 0
    token: str = ""
    holder: int = 0


@define
class Model:
    can: Capabilities
    unit: float
    now: float = 0.0
    kept: dict[str, Kept] = field(factory=dict[str, Kept])

    def live(self) -> list[Kept]:
        return [kept for kept in self.kept.values() if not kept.ended]

    def ended(self) -> list[Kept]:
        return [kept for kept in self.kept.values() if kept.ended]

    def enqueue(self, message: Message) -> None:
        self.kept.setdefault(message.id, Kept(message, self.now + message.delay_seconds / self.unit))

    def lease(self, holder: int, queues: Sequence[str], limit: int, lasts: float, leases: Sequence[Lease]) -> None:
        """Check what was leased against what should have been, and take note of it."""
        ready = {
            kept.message.id: kept for kept in self.live() if kept.until <= self.now and kept.message.queue in queues
        }
        ids = [lease.message.id for lease in leases]
        assert set(ids) <= set(ready), f"leased although not ready: {set(ids) - set(ready)}"
        assert len(set(ids)) == len(ids) == min(limit, len(ready)), f"{ids} of {list(ready)} with limit {limit}"
        ranks = {id: self._rank(kept, queues) for id, kept in ready.items()}
        assert [ranks[id] for id in ids] == sorted(ranks.values())[: len(ids)], f"{ids} in the wrong order of {ranks}"
        for lease in leases:
            kept = ready[lease.message.id]
            assert lease.token != kept.token, f"{lease} has the token of the lease before"
            kept.running, kept.token, kept.holder = True, lease.token, holder
            kept.until = self._end(lasts)
            kept.attempt += 1
            counts = (lease.attempt, lease.failures)
            assert not self.can.exact_attempts or counts == (kept.attempt, kept.failures), f"{lease} after {kept}"

    def extend(self, lease: Lease, lasts: float) -> frozenset[Reason]:
        """The reasons for which it may be refused; none if it must be done."""
        if not (refused := self._refused(lease)):
            self.kept[lease.message.id].until = self._end(lasts)
        return refused

    def settle(self, verdict: Verdict) -> frozenset[Reason]:
        if refused := self._refused(verdict.lease):
            return refused
        kept = self.kept[verdict.lease.message.id]
        kept.running, kept.until = False, self.now
        match verdict:
            case Ack():
                del self.kept[kept.message.id]
            case Retry(delay_seconds=delay_seconds):
                kept.failures += 1
                kept.until += delay_seconds / self.unit
            case Release(delay_seconds=delay_seconds):
                kept.attempt -= 1
                kept.until += delay_seconds / self.unit
            case Bury():
                kept.ended = State.DEAD
            case Cancel():
                kept.ended = State.CANCELLED
        for effect in () if isinstance(verdict, Release) else verdict.effects:
            self.enqueue(effect.message)
        return DONE

    def cancel(self, id: str) -> None:
        self.kept[id].ended = State.CANCELLED

    def requeue(self, id: str) -> None:
        self.kept[id] = Kept(self.kept[id].message, self.now)

    def crash(self, holder: int) -> None:
        """Where leases do not expire, those of a client end with it."""
        for kept in self.live():
            if kept.running and kept.holder == holder and not self.can.leases_expire:
                kept.until = self.now

    def instants(self) -> list[float]:
        """When something will change, soonest first."""
        return sorted({kept.until for kept in self.live() if self.now < kept.until < math.inf})

    def _end(self, lasts: float) -> float:
        return self.now + lasts if self.can.leases_expire else math.inf

    def _rank(self, kept: Kept, queues: Sequence[str]) -> tuple[float, ...]:
        queue, due = (queues.index(kept.message.queue), kept.until) if self.can.orders_queues else (0, 0.0)
        return (queue, -kept.message.priority if self.can.priorities else 0, due)

    def _refused(self, lease: Lease) -> frozenset[Reason]:
        kept = self.kept.get(lease.message.id)
        if kept is None or kept.token != lease.token or not kept.running:
            # Whoever cancelled it himself may be told either.
            return LOST if kept is None or not kept.ended else LOST | CANCELLED
        if kept.ended is State.CANCELLED:
            return CANCELLED if kept.until > self.now else LOST | CANCELLED
        return DONE if kept.until > self.now else LOST
