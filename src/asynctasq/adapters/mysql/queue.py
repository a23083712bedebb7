"""The four verbs on two tables of MySQL or MariaDB. Each is one transaction, and mostly one round trip."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress

from asynctasq.adapters.mysql import entering, settling
from asynctasq.adapters.mysql.address import parse
from asynctasq.adapters.mysql.admin import MySQLAdmin
from asynctasq.adapters.mysql.bell import Bell, heard, unless_rung
from asynctasq.adapters.mysql.connection import Connection
from asynctasq.adapters.mysql.lines import Line, Lines, Outlook
from asynctasq.adapters.mysql.names import tables
from asynctasq.adapters.mysql.packing import MAX_BODY_BYTES, objection
from asynctasq.adapters.mysql.pool import Pool, Work
from asynctasq.adapters.mysql.standing import check
from asynctasq.adapters.mysql.statements import Statements
from asynctasq.adapters.mysql.taking import Claim, Wish, claim, look
from asynctasq.adapters.mysql.watching import watch
from asynctasq.domain.errors import AsyncTasQError, ConfigurationError, SchemaMismatch, Unavailable
from asynctasq.domain.lease import Lease
from asynctasq.domain.message import IdempotencyKey, Message
from asynctasq.domain.verdict import Ack, Refusal, Release, Verdict
from asynctasq.ports.clock import Clock
from asynctasq.ports.durability import Durability
from asynctasq.ports.queue import Capabilities, Queue

POLL_SECONDS = 0.045
"""How often an idle client looks for what others have enqueued, where the server does not watch for it."""
BUSY_POLL_SECONDS = 0.02
BUSY_SECONDS = 5.0
"""For so long after there was something it looks more often, and by itself."""


class _MonotonicClock(Clock):
    def now(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class MySQLQueue(Queue, Durability):
    """Every client with the same database and tables shares the queue, whose instants are the server's.

    `clock` measures how long a lease waits, nothing else.
    """

    capabilities = Capabilities(max_body_bytes=MAX_BODY_BYTES)

    def __init__(
        self,
        dsn: str | None = None,
        *,
        queue_table: str = "task_queue",
        dead_letter_table: str = "dead_letter_queue",
        min_pool_size: int = 1,
        max_pool_size: int = 10,
        clock: Clock | None = None,
    ) -> None:
        self._place = str(parse(dsn)) if dsn else "without an address"
        self._sql = Statements(tables(queue_table, dead_letter_table))
        self._clock = clock or _MonotonicClock()
        self._pool = Pool(dsn, min_pool_size, max_pool_size, self._welcome)
        self._lines = Lines(self._sql)
        self._plenty: Line | None = None
        """Had as many as were asked for, the last time."""
        self._bell = Bell()
        self._busy_until = 0.0
        self._admin = MySQLAdmin(self._pool, self._sql, self._bell.ring)

    def __str__(self) -> str:
        return f"mysql {self._place} table {self._sql.tables.queue}"

    def __repr__(self) -> str:
        return f"<MySQLQueue {self}>"

    @property
    def admin(self) -> MySQLAdmin:
        return self._admin

    async def open(self) -> None:
        await self._pool.open()
        await self._pool.write(lambda connection: connection.run(self._sql("forget")))

    async def close(self) -> None:
        await self._pool.close()
        self._bell.ring()

    async def ping(self) -> None:
        await self._pool.read(lambda connection: connection.run(b"DO 1"))

    async def durability(self) -> Sequence[str]:
        [answer] = await self._pool.read(lambda connection: connection.run(self._sql("durability")))
        [(flush,)] = answer.rows
        if int(flush) == 1:
            return []
        risk = "a power cut may take back the last second of confirmed tasks"
        return [f"innodb_flush_log_at_trx_commit is {flush}: {risk}; set it to 1"]

    async def enqueue(self, messages: Sequence[Message], *, key: IdempotencyKey | None = None) -> Sequence[Refusal]:
        self._pool.check()
        refusals = [refusal for message in messages if (refusal := objection(message))]
        accepted = [message for message in messages if not objection(message)] if refusals else messages
        if accepted:
            refusals += await self._pool.write(
                lambda connection: entering.enqueue(connection, self._sql, accepted, key)
            )
            self._bell.ring()
        return refusals

    async def lease(
        self, queues: Sequence[str], *, limit: int, lease_seconds: float, owner: str, wait: float = 0.0
    ) -> Sequence[Lease]:
        names = tuple(dict.fromkeys(queues))
        deadline = self._clock.now() + wait
        ring, outlook = self._bell.next_ring, await self._look(names)
        if not outlook.ready:
            # A replica could say for ever that there is nothing (ADR-0037).
            await self._pool.read(lambda connection: connection.run(self._sql("writable")))
        while True:
            if outlook.ready:
                guess = outlook.ready[0]
                wish = Wish(queues=names, limit=limit, lease_seconds=lease_seconds, owner=owner, guess=guess)
                claimed = await self._claim(wish)
                if claimed.leases:
                    self._expect_more()
                    return claimed.leases
                outlook = claimed.outlook
            left = deadline - self._clock.now()
            if left <= 0:
                return []
            # If all that is ready is in others' hands, it will be gone, or free, soon.
            seen = await self._seen(names, ring, min(left, outlook.due_in_seconds))
            if seen is None:
                ring, seen = self._bell.next_ring, await self._look(names)
            outlook = seen

    async def extend(self, leases: Sequence[Lease], *, lease_seconds: float) -> Sequence[Refusal]:
        self._pool.check()
        if not leases:
            return []
        return await self._for_leases(lambda connection: settling.extend(connection, self._sql, leases, lease_seconds))

    async def settle(self, verdicts: Sequence[Verdict]) -> Sequence[Refusal]:
        self._pool.check()
        if not verdicts:
            return []
        refusals = await self._for_leases(lambda connection: settling.settle(connection, self._sql, verdicts))
        if any(not isinstance(verdict, Ack) or verdict.effects for verdict in verdicts):
            self._bell.ring()
        return refusals

    async def _for_leases(self, work: Work[Sequence[Refusal]]) -> Sequence[Refusal]:
        try:
            return await self._pool.write(work)
        except (ConfigurationError, SchemaMismatch) as error:
            # The tables have gone or changed under a running worker. It holds its outcomes while somebody mends that.
            raise Unavailable(str(error)) from error

    async def _look(self, names: tuple[str, ...]) -> Outlook:
        if self._plenty is not None and self._plenty.queue in names:
            return Outlook([self._plenty], 0.0)
        return await self._pool.read(lambda connection: look(connection, self._lines, names))

    async def _seen(self, names: tuple[str, ...], ring: asyncio.Event, seconds: float) -> Outlook | None:
        """What the server saw in so long at most. None if it is time to look."""
        is_busy = time.monotonic() < self._busy_until
        if is_busy or seconds <= POLL_SECONDS or not self._pool.may_watch:
            await heard(ring, min(seconds, BUSY_POLL_SECONDS if is_busy else POLL_SECONDS))
            return None
        outlook = await unless_rung(
            ring, self._pool.watch(lambda connection: watch(connection, self._sql, self._lines, names, seconds))
        )
        if outlook is None:
            # The server watches on for a while. Who goes on making news shall not make one watch after the other.
            self._expect_more()
        return outlook

    def _expect_more(self) -> None:
        self._busy_until = time.monotonic() + BUSY_SECONDS

    async def _claim(self, wish: Wish) -> Claim:
        # Cancelled before it commits, this has leased nothing; after that it gives everything back.
        claimed = await self._pool.write(
            lambda connection: claim(connection, self._sql, self._lines, wish), undo=self._give_back
        )
        self._plenty = wish.guess if len(claimed.leases) == wish.limit else None
        return claimed

    async def _give_back(self, claimed: Claim) -> None:
        with suppress(AsyncTasQError):  # what cannot be given back is free when its lease ends
            await self.settle([Release(lease, skewed_seconds=lease.skewed_seconds) for lease in claimed.leases])

    async def _welcome(self, connection: Connection) -> None:
        await check(connection, self._sql)
