"""The four verbs on one Redis server. Each is one script, so there is no halfway and one round trip a batch."""

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Sequence

from asynctasq.adapters.redis.admin import RedisAdmin
from asynctasq.adapters.redis.connection import Connection
from asynctasq.adapters.redis.packing import (
    BATCH_COUNT,
    NAME_LIMIT,
    batches,
    is_storable,
    leases_of,
    microseconds,
    new_nonce,
    packs,
    parsed,
    storable_name,
    to_json,
    words_of,
)
from asynctasq.adapters.redis.resp import packed
from asynctasq.adapters.redis.settling import arguments_of, refusals_of, tokens_of
from asynctasq.domain.errors import AsyncTasQError
from asynctasq.domain.lease import Lease
from asynctasq.domain.message import IdempotencyKey, Message
from asynctasq.domain.verdict import Reason, Refusal, Release, Verdict
from asynctasq.ports.clock import Clock
from asynctasq.ports.durability import Durability
from asynctasq.ports.queue import Capabilities, Queue

log = logging.getLogger("asynctasq.redis")

MAX_BODY_BYTES = 16 * 1024 * 1024
LOOK_SECONDS = 1.0


class _MonotonicClock(Clock):
    def now(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class RedisQueue(Queue, Durability):
    """Redis 6.2 or newer, or Valkey. All instants are the server's; `clock` only measures how long a lease waits.

    `password` and `db` count where the URL says nothing of them; `rediss://` and `unix://` work too. Keys begin with
    the prefix in braces. All commands share one connection, and another listens while a lease waits; so
    `max_connections`, which bounds redis-py's pool, is never reached.
    """

    # Redis could hold more; but nobody else is served while it copies one.
    capabilities = Capabilities(max_body_bytes=MAX_BODY_BYTES)

    def __init__(
        self,
        url: str = "redis://localhost:6379",
        *,
        password: str | None = None,
        db: int = 0,
        max_connections: int = 100,
        prefix: str = "asynctasq",
        clock: Clock | None = None,
    ) -> None:
        self._connection = Connection(url, password=password, db=db, max_connections=max_connections, prefix=prefix)
        self._clock = clock or _MonotonicClock()
        self._admin = RedisAdmin(self._connection)
        self._prefix = prefix

    def __str__(self) -> str:
        return f"{self._connection.address}, prefix {self._prefix}"

    def __repr__(self) -> str:
        return f"<RedisQueue {self}>"

    @property
    def admin(self) -> RedisAdmin:
        return self._admin

    async def open(self) -> None:
        # No warning: the banner and `doctor` ask for `durability`, and every command that looks at a queue opens one.
        for risk in await self._connection.open():
            log.info("%s: %s", self._connection.address, risk)

    async def close(self) -> None:
        await self._connection.close()

    async def ping(self) -> None:
        await self._connection.ask(packed(b"PING"))

    async def durability(self) -> Sequence[str]:
        return await self._connection.open()

    async def enqueue(self, messages: Sequence[Message], *, key: IdempotencyKey | None = None) -> Sequence[Refusal]:
        refusals: list[Refusal] = []
        accepted: list[Message] = []
        for message in messages:
            if refusal := _objection(message):
                refusals.append(refusal)
            else:
                accepted.append(message)
        # One after the other: a thousand messages are as much as a server should do in one breath.
        for at, (pack, rows, contents) in enumerate(packs(accepted)):
            sender = words_of(key.part(at)) if key else ()
            duplicates: list[int] = parsed(await self._connection.run("enqueue", rows, contents, *sender))
            refusals += [Refusal(pack[position].id, "", Reason.DUPLICATE) for position in duplicates]
        return refusals

    async def lease(
        self, queues: Sequence[str], *, limit: int, lease_seconds: float, owner: str, wait: float = 0.0
    ) -> Sequence[Lease]:
        names = list(dict.fromkeys(filter(is_storable, queues)))
        deadline = self._clock.now() + wait
        while True:
            news = self._connection.news
            seen = news.count
            leases, next_seconds = await self._take(names, min(limit, BATCH_COUNT), lease_seconds, owner)
            left = deadline - self._clock.now()
            if leases or left <= 0:
                return leases
            if news.hears(names):
                await news.wait(seen, min(next_seconds, left, LOOK_SECONDS))
            else:
                await self._connection.listen(names)

    async def extend(self, leases: Sequence[Lease], *, lease_seconds: float) -> Sequence[Refusal]:
        refusals: list[Refusal] = []
        for batch in batches(leases):
            argument = to_json([microseconds(lease_seconds), tokens_of(batch)])
            refusals += refusals_of(await self._connection.run("extend", argument), batch)
        return refusals

    async def settle(self, verdicts: Sequence[Verdict]) -> Sequence[Refusal]:
        refusals: list[Refusal] = []
        for batch in batches(verdicts):
            leases, argument, contents = arguments_of(batch)
            refusals += refusals_of(await self._connection.run("settle", argument, contents), leases)
        return refusals

    async def _take(
        self, queues: Sequence[str], limit: int, lease_seconds: float, owner: str
    ) -> tuple[Sequence[Lease], float]:
        """Leases, and if there are none how long there will be none unless there is news."""
        nonce = new_nonce()
        argument = to_json([limit, microseconds(lease_seconds), nonce, storable_name(owner), queues])
        # A call that is cancelled may have leased something: its answer has to be heard.
        call = asyncio.ensure_future(self._connection.run("lease", argument))
        try:
            reply = await asyncio.shield(call)
        except asyncio.CancelledError:
            await asyncio.shield(self._give_back(call, nonce, lease_seconds))
            raise
        if len(reply) > 1:
            return leases_of(reply, nonce, lease_seconds), 0.0
        return [], float(reply[0]) / 1_000_000 if reply[0] else math.inf

    async def _give_back(self, call: "asyncio.Future[list[bytes]]", nonce: str, lease_seconds: float) -> None:
        with contextlib.suppress(AsyncTasQError):  # then nothing is known, and what was leased ends by itself
            reply = await call
            if len(reply) > 1:
                leases = leases_of(reply, nonce, lease_seconds)
                await self.settle([Release(lease, skewed_seconds=lease.skewed_seconds) for lease in leases])


def _objection(message: Message) -> Refusal | None:
    """Why no server could take this message."""
    if len(message.body) > MAX_BODY_BYTES:
        text = f"the body has {len(message.body)} bytes, the queue takes {MAX_BODY_BYTES}"
        return Refusal(message.id, "", Reason.TOO_LARGE, text)
    if not (is_storable(message.id) and is_storable(message.queue)):
        return Refusal(message.id, "", Reason.INVALID, f"its id or queue is longer than {NAME_LIMIT} or no Unicode")
    return None
