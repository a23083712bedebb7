"""A queue and the model side by side, through whatever sequence of calls Hypothesis thinks of.

Shaped to find things: few messages, two queues, a start that is not empty, leases that stay in play after they have
ended, and steps of time that end exactly where something changes.
"""

from collections import Counter
from collections.abc import Sequence

from attrs import define, field, frozen
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, RuleBasedStateMachine, initialize, multiple, precondition, rule

from asynctasq.domain.lease import Lease
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Ack, Bury, Effect, Enqueue, Reason, Refusal, Release, Retry, Verdict
from asynctasq.ports.queue import Queue
from asynctasq.testing.contracts.model import Kept, Model
from asynctasq.testing.contracts.stage import Stage, put

MOST_LIVE_MESSAGES = 6
ERROR = ErrorInfo("builtins.ValueError")
QUEUES = ("one", "two")
RULES = (
    "ack",
    "advance",
    "bury",
    "cancel",
    "crash",
    "enqueue",
    "enqueue_again",
    "extend",
    "lease",
    "release",
    "requeue",
    "retry",
)

clients = st.sampled_from((0, 1))
delays = st.sampled_from((0, 0, 1, 2, 3))
lengths = st.integers(1, 4)
picks = st.integers(0, MOST_LIVE_MESSAGES - 1)


@frozen
class Held:
    """A lease and the number of the client that took it, whether or not it still lasts."""

    client: int
    lease: Lease


@define
class Cast:
    """What all examples of one run share: opening a client may be slow."""

    stage: Stage
    clients: list[Queue]
    fired: Counter[str] = field(factory=Counter[str], init=False)
    """In how many examples each rule fired."""
    examples: int = field(default=0, init=False)

    def too_rare(self, share: int) -> set[str]:
        """The rules that this queue allows and that fired in fewer than one of so many examples."""
        client = self.clients[0]
        barred = {
            "cancel": not client.admin.capabilities.cancels,
            "enqueue_again": not client.capabilities.deduplicates,
        }
        return {name for name in RULES if not barred.get(name) and self.fired[name] * share < self.examples}


class QueueMachine(RuleBasedStateMachine):
    held: Bundle[Held] = Bundle("held")

    def __init__(self, cast: Cast) -> None:
        super().__init__()
        self.stage = cast.stage
        self.cast = cast
        self.model = Model(cast.clients[0].capabilities, cast.stage.unit)
        self.fired: set[str] = set()
        self.agreed = True

    @initialize(target=held, priorities=st.tuples(*[st.integers(0, 1)] * 4))
    def start(self, priorities: tuple[int, ...]) -> MultipleResults[Held]:
        self.stage.run(self.stage.bench.reset())
        for number, priority in enumerate(priorities):
            self._enqueue(self.stage.message(QUEUES[number % 2], priority=priority))
        return self._lease(0, QUEUES, limit=2, lasts=2)

    @precondition(lambda self: self._has_room())
    @rule(queue=st.sampled_from(QUEUES), delay=delays, priority=st.integers(0, 1))
    def enqueue(self, queue: str, delay: int, priority: int) -> None:
        self.fired.add("enqueue")
        self._enqueue(self.stage.message(queue, delay=delay, priority=priority))

    @precondition(lambda self: self.model.can.deduplicates and self.model.live())
    @rule(client=clients, pick=picks)
    def enqueue_again(self, client: int, pick: int) -> None:
        self.fired.add("enqueue_again")
        message = _picked(self.model.live(), pick).message
        refusals = self.stage.run(self.cast.clients[client].enqueue([message]))
        self._check_refusals(refusals, {message.id: frozenset({Reason.DUPLICATE})})

    @rule(target=held, client=clients, queues=st.permutations(QUEUES), limit=st.integers(1, 3), lasts=lengths)
    def lease(self, client: int, queues: Sequence[str], limit: int, lasts: int) -> MultipleResults[Held]:
        self.fired.add("lease")
        return self._lease(client, queues, limit=limit, lasts=lasts)

    @rule(first=held, second=held, lasts=lengths)
    def extend(self, first: Held, second: Held, lasts: int) -> None:
        self.fired.add("extend")
        for client, leases in _by_client(first, second).items():
            call = self.cast.clients[client].extend(leases, lease_seconds=lasts * self.stage.unit)
            expected = {lease.message.id: self.model.extend(lease, lasts) for lease in leases}
            self._check_refusals(self.stage.run(call), expected)

    @rule(first=held, second=held, with_effect=st.booleans())
    def ack(self, first: Held, second: Held, with_effect: bool) -> None:  # noqa: FBT001  # rules are called by name
        self.fired.add("ack")
        for client, leases in _by_client(first, second).items():
            self._settle(client, [Ack(lease, effects=self._effects(wanted=with_effect)) for lease in leases])

    @rule(held=held, delay=delays)
    def retry(self, held: Held, delay: int) -> None:
        self.fired.add("retry")
        self._settle(held.client, [Retry(held.lease, delay_seconds=delay * self.stage.unit, error=ERROR)])

    @rule(held=held, delay=delays)
    def release(self, held: Held, delay: int) -> None:
        self.fired.add("release")
        self._settle(held.client, [Release(held.lease, delay_seconds=delay * self.stage.unit)])

    @rule(held=held)
    def bury(self, held: Held) -> None:
        self.fired.add("bury")
        self._settle(held.client, [Bury(held.lease, error=ERROR)])

    @precondition(lambda self: self.cast.clients[0].admin.capabilities.cancels and self.model.live())
    @rule(client=clients, pick=picks)
    def cancel(self, client: int, pick: int) -> None:
        self.fired.add("cancel")
        id = _picked(self.model.live(), pick).message.id
        assert list(self.stage.run(self.cast.clients[client].admin.cancel([id]))) == []
        self.model.cancel(id)

    @precondition(lambda self: self.model.ended())
    @rule(client=clients, pick=picks)
    def requeue(self, client: int, pick: int) -> None:
        self.fired.add("requeue")
        id = _picked(self.model.ended(), pick).message.id
        assert list(self.stage.run(self.cast.clients[client].admin.requeue([id]))) == []
        self.model.requeue(id)

    @rule(client=clients)
    def crash(self, client: int) -> None:
        self.fired.add("crash")
        self.stage.run(self.stage.bench.crash(self.cast.clients[client]))
        self.stage.run(self.cast.clients[client].close())
        self.cast.clients[client] = self.stage.run(self.stage.client())
        self.model.crash(client)

    @rule(steps=st.integers(1, 3))
    def advance(self, steps: int) -> None:
        self.fired.add("advance")
        self._advance(self._landing(steps))

    def teardown(self) -> None:
        """Whatever was done: what should be left is left, once everything has come due and every lease has ended."""
        self.cast.fired.update(self.fired)
        self.cast.examples += 1
        if not self.agreed:
            return
        for client in (0, 1):
            self.crash(client)
        self._advance(self._landing(len(self.model.instants())))
        self._lease(0, QUEUES, limit=2 * MOST_LIVE_MESSAGES, lasts=1)

    def _has_room(self) -> bool:
        return len(self.model.live()) < MOST_LIVE_MESSAGES

    def _enqueue(self, message: Message) -> None:
        self.stage.run(put(self.cast.clients[0], message, key=self.stage.key()))
        self.model.enqueue(message)

    def _lease(self, client: int, queues: Sequence[str], *, limit: int, lasts: int) -> MultipleResults[Held]:
        leases = self.stage.run(self.stage.lease(self.cast.clients[client], *queues, limit=limit, lasts=lasts))
        self.agreed = False
        self.model.lease(client, queues, limit, lasts, leases)
        self.agreed = True
        return multiple(*(Held(client, lease) for lease in leases))

    def _settle(self, client: int, verdicts: Sequence[Verdict]) -> None:
        refusals = self.stage.run(self.cast.clients[client].settle(verdicts))
        self._check_refusals(refusals, {it.lease.message.id: self.model.settle(it) for it in verdicts})

    def _check_refusals(self, refusals: Sequence[Refusal], expected: dict[str, frozenset[Reason]]) -> None:
        self.agreed = False
        got = {refusal.id: refusal.reason for refusal in refusals}
        for id, allowed in expected.items():
            assert got.pop(id, None) in (allowed or {None}), f"{id}: {refusals}, expected {allowed or 'no refusal'}"
        assert not got, f"refused although not asked for: {got}"
        self.agreed = True

    def _effects(self, *, wanted: bool) -> tuple[Effect, ...]:
        if wanted and self.model.can.effects and self._has_room():
            return (Enqueue(self.stage.message("two")),)
        return ()

    def _landing(self, steps: int) -> float:
        """The n-th next instant; where it cannot be hit, the next place that is clear of all instants."""
        instants = self.model.instants()
        if not instants:
            return self.model.now
        margin = self.stage.bench.resolution_seconds / self.stage.unit
        landing = instants[min(steps, len(instants)) - 1] + margin
        while any(abs(instant - landing) < margin for instant in instants):
            landing += margin
        return landing

    def _advance(self, landing: float) -> None:
        self.stage.run(self.stage.bench.advance((landing - self.model.now) * self.stage.unit))
        self.model.now = landing


def _picked(kept: Sequence[Kept], pick: int) -> Kept:
    return kept[pick % len(kept)]


def _by_client(*held: Held) -> dict[int, list[Lease]]:
    """Batches as clients send them: each message once."""
    batches: dict[int, dict[str, Lease]] = {}
    for each in held:
        batches.setdefault(each.client, {})[each.lease.message.id] = each.lease
    return {client: list(leases.values()) for client, leases in batches.items()}
