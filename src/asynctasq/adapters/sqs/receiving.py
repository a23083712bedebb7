"""Takes messages from SQS, ten at a time, as many tens side by side as there is room for."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import define, evolve, field, frozen

from asynctasq.adapters.sqs import batches
from asynctasq.adapters.sqs.batches import AT_ONCE, Copy
from asynctasq.adapters.sqs.calls import together
from asynctasq.adapters.sqs.connection import Connection
from asynctasq.adapters.sqs.envelope import hop, repack, unpack
from asynctasq.adapters.sqs.extending import MAX_LEASE_SECONDS
from asynctasq.adapters.sqs.faults import NoSuchQueue
from asynctasq.adapters.sqs.lease import SqsLease
from asynctasq.adapters.sqs.places import Place, Places

WIDEST = 40
"""Receives side by side, within the connections that a client has."""
POLL_SECONDS = 2
"""A receive that has begun is waited for, so this is also how long a worker may take to stop."""
SHORT_POLL_SECONDS = 1
"""With several queues what came to one is handed on when the others have answered too."""


@frozen
class Source:
    """A queue of ours and where it lies."""

    queue: str
    place: Place


@frozen
class Wish:
    lease_seconds: float
    owner: str


@define
class Catch:
    """`count` includes messages that were not due and went back."""

    leases: list[SqsLease] = field(factory=list[SqsLease])
    count: int = 0
    errors: list[Exception] = field(factory=list[Exception])

    @classmethod
    def of(cls, results: "tuple[list[Catch], list[Exception]]") -> "Catch":
        catches, errors = results
        return cls(
            [lease for catch in catches for lease in catch.leases],
            sum(catch.count for catch in catches),
            [*errors, *(error for catch in catches for error in catch.errors)],
        )

    def checked(self) -> list[SqsLease]:
        """An error counts only if nothing came: what is leased must reach its worker."""
        if self.errors and not self.leases:
            raise self.errors[0]
        return self.leases


class Receiver:
    def __init__(self, connection: Connection, places: Places, clock: Callable[[], float]) -> None:
        self._connection = connection
        self._places = places
        self._clock = clock
        self._width: dict[str, int] = {}
        self._turn = 0

    async def sweep(self, sources: Sequence[Source], limit: int, wish: Wish) -> list[SqsLease]:
        """What is there now. The queue named first has the first claim on the room."""
        catch = Catch()
        for source in sources:  # in turn, because each takes what room the one before has left
            room = limit - len(catch.leases)
            if room:
                catch = Catch.of(([catch, await self._empty(source, room, wish)], []))
        return catch.checked()

    async def watch(self, sources: Sequence[Source], limit: int, wish: Wish, seconds: float) -> list[SqsLease]:
        """Wait for something to come to any of these queues, for part of `seconds`."""
        # No more queues than there is room: what comes must not be more than was asked for.
        count = min(limit, len(sources))
        chosen = [sources[(self._turn + number) % len(sources)] for number in range(count)]
        self._turn = (self._turn + count) % len(sources)
        share, rest = divmod(limit, count)
        wait = max(1, min(POLL_SECONDS if len(sources) == 1 else SHORT_POLL_SECONDS, math.ceil(seconds)))
        calls = (
            self._receive(source, share + (number < rest), wish, wait=wait) for number, source in enumerate(chosen)
        )
        return Catch.of(await together(calls)).checked()

    async def _empty(self, source: Source, limit: int, wish: Wish) -> Catch:
        """Until there is no room or no more to have, in rounds of receives side by side, each twice as wide."""
        catch = Catch()
        width = self._width.get(source.queue, 1)
        while room := limit - len(catch.leases):
            shares = _tens(room)[:width]
            caught = Catch.of(await together(self._receive(source, share, wish, wait=0) for share in shares))
            catch = Catch.of(([catch, caught], []))
            if caught.count < sum(shares):
                width = max(1, math.ceil(caught.count / AT_ONCE))
                break
            width = min(WIDEST, 2 * width)
        self._width[source.queue] = width
        return catch

    async def _receive(self, source: Source, limit: int, wish: Wish, *, wait: int) -> Catch:
        before = self._clock()
        length = min(wish.lease_seconds, MAX_LEASE_SECONDS)
        try:
            answer = await self._connection.call(
                "receive_message",
                QueueUrl=source.place.url,
                MaxNumberOfMessages=min(limit, AT_ONCE),
                VisibilityTimeout=math.ceil(length),
                WaitTimeSeconds=wait,
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
            )
        except NoSuchQueue as error:
            self._places.heed(source.place, [error])
            raise
        messages = answer.get("Messages", ())
        catch = Catch(count=len(messages))
        early: list[SqsLease] = []
        for message in messages:
            lease, is_due = _lease(message, source, wish, before, before + length)
            (catch.leases if is_due else early).append(lease)
        if early:
            await self._hop(source.place, early)
        return catch

    async def _hop(self, place: Place, leases: Sequence[SqsLease]) -> None:
        """Send what is not due yet on its way again. What fails is received and tried again after its lease."""
        copies = [_next_hop(key, lease) for key, lease in enumerate(leases)]
        sent = await batches.send(self._connection, place, copies)
        await batches.delete(self._connection, place.url, {key: leases[key].token for key in sent.keys})


def _tens(limit: int) -> list[int]:
    full, rest = divmod(limit, AT_ONCE)
    return [AT_ONCE] * full + [rest] * bool(rest)


def _lease(
    message: Mapping[str, Any], source: Source, wish: Wish, before: float, ends_at: float
) -> tuple[SqsLease, bool]:
    text = str(message["Body"])
    facts, content, defect = unpack(text, id=str(message["MessageId"]), queue=source.queue)
    receives = max(1, int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1)))
    starts = facts.attempts + receives
    attempt = _attempt(starts, content.policy.max_attempts)
    lease = SqsLease(
        content,
        str(message["ReceiptHandle"]),
        attempt=attempt,
        # Whatever the count, a message received before is one whose worker died.
        failures=max(0, min(facts.failures, attempt - receives)),
        lease_seconds=wish.lease_seconds,
        skewed_seconds=facts.skewed_seconds,
        defect=defect,
        url=source.place.url,
        text=text,
        facts=facts,
        starts=starts,
        owner=wish.owner,
        leased_at=before,
        ends_at=ends_at,
    )
    return lease, not facts.later_seconds


def _attempt(starts: int, max_attempts: int) -> int:
    """SQS may count a receive that never reached anybody, so the last attempt is given twice.

    Not to a task that may run once only.
    """
    return max_attempts if 1 < max_attempts == starts - 1 else starts


def _next_hop(key: int, lease: SqsLease) -> Copy:
    delay, later = hop(lease.facts.later_seconds)
    return Copy(key, repack(lease.text, evolve(lease.facts, later_seconds=later)), delay)
