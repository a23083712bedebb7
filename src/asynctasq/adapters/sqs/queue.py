"""The four verbs on Amazon SQS."""

import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from asynctasq.adapters.sqs import batches
from asynctasq.adapters.sqs.admin import SqsAdmin
from asynctasq.adapters.sqs.batches import Copy
from asynctasq.adapters.sqs.calls import all_of, finished
from asynctasq.adapters.sqs.connection import Connection
from asynctasq.adapters.sqs.envelope import Facts, hop, pack
from asynctasq.adapters.sqs.extending import MAX_LEASE_SECONDS, Extension
from asynctasq.adapters.sqs.faults import Denied
from asynctasq.adapters.sqs.lease import SqsLease
from asynctasq.adapters.sqs.names import OUR_PREFIX
from asynctasq.adapters.sqs.places import LARGEST_BYTES, Place, Places
from asynctasq.adapters.sqs.receiving import Receiver, Source, Wish
from asynctasq.adapters.sqs.settling import Settlement
from asynctasq.domain.errors import Closed, Unavailable
from asynctasq.domain.lease import Lease
from asynctasq.domain.message import IdempotencyKey, Message
from asynctasq.domain.verdict import Reason, Refusal, Release, Verdict
from asynctasq.ports.durability import Durability
from asynctasq.ports.queue import Capabilities, Queue

MARGIN_BYTES = 16 * 1024
"""For the header, the facts and, once it is dead, the reason."""
GROWTH_BYTES = 256
"""What the facts of a later copy may have grown by."""


def largest_body(message_bytes: int) -> int:
    """In Base64, beside a header."""
    return message_bytes * 3 // 4 - MARGIN_BYTES


class SqsQueue(Queue, Durability):
    """Standard queues of one AWS account and region, found or created at their first use.

    With a `queue_url_prefix` their URLs are that and the name, and none is created. Without keys the AWS SDK looks for
    credentials where it always does. `endpoint_url` leads to another service with the same interface.
    """

    capabilities = Capabilities(
        # A sample of its servers answers for SQS, and standard queues do not keep their order.
        orders_queues=False,
        priorities=False,
        max_lease_seconds=MAX_LEASE_SECONDS,
        exact_attempts=False,
        deduplicates=False,
        remembers_senders=False,
        effects=False,
        max_body_bytes=largest_body(LARGEST_BYTES),
    )

    def __init__(
        self,
        *,
        region: str = "us-east-1",
        queue_url_prefix: str | None = None,
        endpoint_url: str | None = None,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._where = _described(region, queue_url_prefix, endpoint_url)
        self._clock = clock
        self._connection = Connection(
            str(self),
            region_name=region,
            endpoint_url=endpoint_url,
            aws_access_key_id=aws_access_key_id,
            aws_secret_access_key=aws_secret_access_key,
        )
        self._places = Places(self._connection, queue_url_prefix)
        self._receiver = Receiver(self._connection, self._places, clock)
        self._extension = Extension(self._connection, clock)
        self._settlement = Settlement(self._connection, self._places, clock)
        self._admin = SqsAdmin(self._connection, self._places)
        self._idle: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"sqs {self._where}"

    def __repr__(self) -> str:
        return f"<SqsQueue {self._where}>"

    @property
    def admin(self) -> SqsAdmin:
        return self._admin

    async def open(self) -> None:
        await self._connection.open()

    async def close(self) -> None:
        await self._connection.close()

    async def ping(self) -> None:
        with self._connection.used():
            await self._connection.ping()

    async def durability(self) -> Sequence[str]:
        with self._connection.used():
            return await self._places.risks()

    async def enqueue(
        self,
        messages: Sequence[Message],
        *,
        key: IdempotencyKey | None = None,  # noqa: ARG002 - the service remembers no senders
    ) -> Sequence[Refusal]:
        groups: defaultdict[str, list[Message]] = defaultdict(list)
        refusals: list[Refusal] = []
        with self._connection.used():
            for message in messages:
                if objection := self._places.names.objection(message.queue):
                    refusals.append(Refusal(message.id, "", Reason.INVALID, objection))
                else:
                    groups[message.queue].append(message)
            for more in await all_of(self._send(queue, group) for queue, group in groups.items()):
                refusals += more
        return refusals

    async def lease(
        self, queues: Sequence[str], *, limit: int, lease_seconds: float, owner: str, wait: float = 0.0
    ) -> Sequence[Lease]:
        names = tuple(dict.fromkeys(queue for queue in queues if not self._places.names.objection(queue)))
        deadline = self._clock() + wait
        wish = Wish(lease_seconds, owner)
        with self._connection.used():
            sources = await all_of(self._source(name) for name in names)
            # Where nothing was a moment ago, waiting finds as much as looking.
            leases = (
                [] if wait and self._idle == names else await self._received(self._receiver.sweep(sources, limit, wish))
            )
            while not leases and sources and (left := deadline - self._clock()) > 0:
                leases = await self._received(self._receiver.watch(sources, limit, wish, left))
            self._idle = () if leases else names
            return leases

    async def extend(self, leases: Sequence[Lease], *, lease_seconds: float) -> Sequence[Refusal]:
        with self._connection.used():
            return await self._extension.extend(leases, lease_seconds)

    async def settle(self, verdicts: Sequence[Verdict]) -> Sequence[Refusal]:
        with self._connection.used():
            return await finished(self._settlement.settle(verdicts))

    async def _send(self, queue: str, messages: Sequence[Message]) -> Sequence[Refusal]:
        try:
            place = await self._places.place(self._places.names.live(queue))
        except Denied as error:
            return [Refusal(message.id, "", Reason.INVALID, str(error)) for message in messages]
        refusals: list[Refusal] = []
        copies: list[Copy] = []
        for key, message in enumerate(messages):
            delay, later = hop(message.delay_seconds)
            text = pack(Facts(message.id, later_seconds=later), message)
            if objection := _too_large(message, text, place):
                refusals.append(Refusal(message.id, "", Reason.TOO_LARGE, objection))
            else:
                copies.append(Copy(key, text, delay))
        done = await batches.send(self._connection, place, copies)
        self._places.heed(place, done.errors)
        for error in done.errors:
            raise error
        return refusals + [Refusal(messages[key].id, "", Reason.INVALID, text) for key, text in done.rejected.items()]

    async def _source(self, queue: str) -> Source:
        return Source(queue, await self._places.place(self._places.names.live(queue)))

    async def _received(self, call: Coroutine[Any, Any, list[SqsLease]]) -> list[SqsLease]:
        """A receive that is broken off may still hide messages, at the cost of an attempt: it is waited for."""
        leases = await finished(call, undo=self._give_back)
        if self._connection.is_closed:
            await self._give_back(leases)
            raise Closed(f"{self} was closed")
        return leases

    async def _give_back(self, leases: Sequence[SqsLease]) -> None:
        with suppress(Unavailable):  # then they come back when their leases end
            await self._settlement.settle([Release(lease, skewed_seconds=lease.skewed_seconds) for lease in leases])


def _too_large(message: Message, text: str, place: Place) -> str | None:
    most = largest_body(place.max_bytes)
    if len(message.body) > most:
        return f"the body has {len(message.body)} bytes, queue {place.name!r} takes {most}"
    if len(text) > place.max_bytes - GROWTH_BYTES:
        return f"with its headers the message has {len(text)} bytes, queue {place.name!r} takes {place.max_bytes}"
    return None


def _described(region: str, queue_url_prefix: str | None, endpoint_url: str | None) -> str:
    """Without what a URL may hold of secrets."""
    if queue_url_prefix:
        return f"{_shown(queue_url_prefix)}*"
    return f"{region} {OUR_PREFIX}*" + (f" at {_shown(endpoint_url)}" if endpoint_url else "")


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
