"""How many process tasks run here, and which queues are left to other workers while no more can (ADR-0019)."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from attrs import define, field, frozen

from asynctasq.domain.lease import Lease

FIRST_REST_SECONDS = 0.05
LAST_REST_SECONDS = 1.0


@frozen
class Plan:
    """What to lease next: from these queues, at most so many, waiting no longer than until another queue is due."""

    queues: Sequence[str]
    limit: int
    wait: float
    leaves_out: bool = False
    """Some queues rest: as soon as a seat is free, there is a better plan."""


@define
class Admitted:
    """What became of a batch of leases: which are to run, which of these have a seat, which must go back."""

    leases: list[Lease] = field(factory=list[Lease])
    seated: set[str] = field(factory=set[str])
    refused: list[Lease] = field(factory=list[Lease])


@define
class Rest:
    """Of a queue from which a process task came the last time that anything came."""

    seconds: float = FIRST_REST_SECONDS
    until: float = 0.0


class Seats:
    """One for each child. A process task that finds none goes back to its queue, where others may have one.

    No lease says which mode it will bring, so this learns it. A queue of process tasks rests while every seat is
    taken; now and then it is looked at all the same, for there may be other tasks in it. As long as no more is leased
    than there are seats, nothing has to go back; how much more is worth asking for, the last batch tells.
    """

    def __init__(
        self,
        count: int,
        slot_count: int,
        *,
        in_child: Callable[[str], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._free_count = count
        self._slot_count = slot_count
        self._in_child = in_child
        self._clock = clock
        self._surplus = slot_count
        self._rests: dict[str, Rest] = {}

    def plan(self, queues: Sequence[str], free_slot_count: int, wait: float) -> Plan:
        if not self._rests:
            return Plan(queues, free_slot_count, wait)
        if self._free_count:
            return Plan(queues, min(free_slot_count, self._free_count + self._surplus), wait)
        now = self._clock()
        awake = [queue for queue in queues if (rest := self._rests.get(queue)) is None or rest.until <= now]
        ends = [rest.until - now for rest in self._rests.values() if rest.until > now]
        return Plan(awake, free_slot_count, min([wait, *ends]), leaves_out=len(awake) < len(queues))

    def admit(self, leases: Sequence[Lease], limit: int) -> Admitted:
        """Seat the process tasks among what a call for `limit` leases has given, as far as there are seats."""
        if not self._rests and not any(map(self._in_child, {lease.message.task for lease in leases})):
            return Admitted([*leases])  # as long as no process task was ever seen, which is the hot path
        admitted = Admitted()
        had_seats = self._free_count > 0
        in_child: Counter[str] = Counter()
        others: Counter[str] = Counter()
        for lease in leases:
            queue = lease.message.queue
            if not self._in_child(lease.message.task):
                others[queue] += 1
                admitted.leases.append(lease)
                continue
            in_child[queue] += 1
            if self._take(queue):
                admitted.leases.append(lease)
                admitted.seated.add(lease.token)
            else:
                admitted.refused.append(lease)
        if self._rests:
            self._ask_for(admitted, scarce=len(leases) == limit)
            self._rest(in_child, others, anew=had_seats)
        return admitted

    def give_back(self) -> None:
        self._free_count += 1

    def _take(self, queue: str) -> bool:
        self._rests.setdefault(queue, Rest())
        if not self._free_count:
            return False
        self._free_count -= 1
        return True

    def _ask_for(self, admitted: Admitted, *, scarce: bool) -> None:
        if admitted.refused:
            self._surplus = 0
        elif not scarce or len(admitted.seated) < len(admitted.leases):
            self._surplus = min(self._slot_count, max(1, 2 * self._surplus))

    def _rest(self, in_child: Mapping[str, int], others: Mapping[str, int], *, anew: bool) -> None:
        """`anew` says that there was a seat before this batch, so that nobody has looked in vain yet."""
        for queue in others.keys() - in_child.keys():
            self._rests.pop(queue, None)
        if self._free_count:
            return
        now = self._clock()
        for queue, rest in self._rests.items():
            # Where other tasks are at least as many, looking is worth what goes back for it.
            if others.get(queue, 0) >= in_child.get(queue, 0) > 0:
                rest.seconds, rest.until = FIRST_REST_SECONDS, now
            elif anew:
                rest.until = now + rest.seconds
            elif queue in in_child:
                rest.seconds = min(2 * rest.seconds, LAST_REST_SECONDS)
                rest.until = now + rest.seconds
