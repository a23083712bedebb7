"""Ends leases. SQS cannot change a message, so all but an ack is a copy that it has confirmed, then a deletion."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import assert_never

from attrs import evolve, frozen

from asynctasq.adapters.sqs import batches, letter
from asynctasq.adapters.sqs.batches import Copy
from asynctasq.adapters.sqs.calls import all_of
from asynctasq.adapters.sqs.connection import Connection
from asynctasq.adapters.sqs.envelope import hop, repack
from asynctasq.adapters.sqs.lease import Progress, SqsLease
from asynctasq.adapters.sqs.letter import End
from asynctasq.adapters.sqs.places import Place, Places
from asynctasq.domain.errors import Unavailable
from asynctasq.domain.lease import Lease
from asynctasq.domain.lifecycle import State
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Ack, Bury, Cancel, Reason, Refusal, Release, Retry, Verdict

NO_EFFECTS = "Amazon SQS cannot settle a message and send others in one step"


@frozen
class Step:
    """A live lease and what becomes of it."""

    lease: SqsLease
    verdict: Verdict


class Settlement:
    """Repeated after an error it goes on where each lease had come to."""

    def __init__(self, connection: Connection, places: Places, clock: Callable[[], float]) -> None:
        self._connection = connection
        self._places = places
        self._clock = clock

    async def settle(self, verdicts: Sequence[Verdict]) -> list[Refusal]:
        refusals, steps = self._live(verdicts)
        errors = await self._copy(steps)
        lost, more = await self._delete(steps)
        for error in (*errors, *more):
            raise error
        for step in steps:
            step.lease.progress = Progress.OVER
        return [*refusals, *map(refused, lost)]

    def _live(self, verdicts: Sequence[Verdict]) -> tuple[list[Refusal], list[Step]]:
        refusals: list[Refusal] = []
        steps: dict[str, Step] = {}
        now = self._clock()
        for verdict in verdicts:
            lease = verdict.lease
            if not isinstance(verdict, Release) and verdict.effects:
                refusals.append(Refusal(lease.message.id, lease.token, Reason.INVALID, NO_EFFECTS))
            elif lease.token not in steps and isinstance(lease, SqsLease) and lease.is_live(now):
                steps[lease.token] = Step(lease, verdict)
            else:
                refusals.append(refused(lease))
        return refusals, list(steps.values())

    async def _copy(self, steps: Sequence[Step]) -> list[Exception]:
        """Afterwards the leases whose copy was confirmed are marked."""
        groups: defaultdict[str, list[Step]] = defaultdict(list)
        for step in steps:
            if step.lease.progress is Progress.HELD and not isinstance(step.verdict, Ack):
                groups[self._target(step)].append(step)
        errors = await all_of(self._send(name, group) for name, group in groups.items())
        return [error for each in errors for error in each]

    def _target(self, step: Step) -> str:
        names, queue = self._places.names, step.lease.message.queue
        return names.dead(queue) if isinstance(step.verdict, Bury | Cancel) else names.live(queue)

    async def _send(self, name: str, steps: Sequence[Step]) -> Sequence[Exception]:
        try:
            place = await self._places.place(name)
        except Unavailable as error:
            return [error]
        copies = [_copy_of(key, step, place) for key, step in enumerate(steps)]
        done = await batches.send(self._connection, place, copies)
        for key in done.keys:
            steps[key].lease.progress = Progress.COPIED
        self._places.heed(place, done.errors)
        return [*done.errors, *(Unavailable(f"{place.name} takes no copy: {text}") for text in done.rejected.values())]

    async def _delete(self, steps: Sequence[Step]) -> tuple[list[Lease], list[Exception]]:
        groups: defaultdict[str, list[Step]] = defaultdict(list)
        for step in steps:
            ready = Progress.HELD if isinstance(step.verdict, Ack) else Progress.COPIED
            if step.lease.progress is ready:
                groups[step.lease.url].append(step)
        lost: list[Lease] = []
        errors: list[Exception] = []
        for more_lost, more_errors in await all_of(self._delete_from(url, group) for url, group in groups.items()):
            lost += more_lost
            errors += more_errors
        return lost, errors

    async def _delete_from(self, url: str, steps: Sequence[Step]) -> tuple[list[Lease], list[Exception]]:
        done = await batches.delete(self._connection, url, {key: it.lease.token for key, it in enumerate(steps)})
        for key in (*done.keys, *done.rejected):
            steps[key].lease.progress = Progress.GONE
        # A receipt that SQS does not know any more: what was copied has left all the same.
        return [steps[key].lease for key in done.rejected if isinstance(steps[key].verdict, Ack)], done.errors


def refused(lease: Lease) -> Refusal:
    """As lost, the only way in which a lease ends here."""
    return Refusal(lease.message.id, lease.token, Reason.LOST)


def _copy_of(key: int, step: Step, place: Place) -> Copy:
    lease, verdict = step.lease, step.verdict
    match verdict:
        case Retry(delay_seconds=delay_seconds):
            facts = evolve(lease.facts, attempts=lease.attempt, failures=lease.failures + 1)
        case Release(delay_seconds=delay_seconds, skewed_seconds=skewed_seconds):
            # Of all starts, or a last attempt that was given twice and back each time would never be the last.
            facts = evolve(lease.facts, attempts=lease.starts - 1, skewed_seconds=skewed_seconds)
        case Bury(error=error):
            return Copy(key, letter.write(_end(lease, State.DEAD, error), lease.text, most_bytes=place.max_bytes))
        case Cancel():
            return Copy(key, letter.write(_end(lease, State.CANCELLED), lease.text, most_bytes=place.max_bytes))
        case Ack():
            raise AssertionError("an ack needs no copy")
        case _:
            assert_never(verdict)
    delay, later = hop(delay_seconds)
    return Copy(key, repack(lease.text, evolve(facts, later_seconds=later)), delay)


def _end(lease: SqsLease, state: State, error: ErrorInfo | None = None) -> End:
    return End(lease.message.id, state, attempt=lease.attempt, failures=lease.failures, worker=lease.owner, error=error)
