"""The four verbs on two tables. Each is one statement, so there is no halfway."""

import asyncio
import logging
from collections.abc import Sequence

from asynctasq.adapters.postgres.admin import PostgresAdmin
from asynctasq.adapters.postgres.connection import NOT_OPENED, Database
from asynctasq.adapters.postgres.entering import MAX_BODY_BYTES, divided, enqueue, ids_of, objection
from asynctasq.adapters.postgres.foreign import enqueue_on, enqueue_on_sync
from asynctasq.adapters.postgres.hints import Hints
from asynctasq.adapters.postgres.marks import checked_home
from asynctasq.adapters.postgres.names import Home, Tables
from asynctasq.adapters.postgres.packing import lease_of, tokens_of
from asynctasq.adapters.postgres.settling import columns_of, effects_of, refusal, repeated
from asynctasq.adapters.postgres.statements import sql
from asynctasq.domain.errors import Closed, Unavailable
from asynctasq.domain.lease import Lease
from asynctasq.domain.message import IdempotencyKey, Message
from asynctasq.domain.verdict import Ack, Refusal, Release, Verdict
from asynctasq.ports.queue import Capabilities
from asynctasq.ports.transaction import TransactionalQueue

log = logging.getLogger("asynctasq.postgres")

MAX_LEASES = 1000
LOCKED_PAUSE_SECONDS = 0.02
"""How long to leave alone what is due but locked by somebody else."""


class PostgresQueue(TransactionalQueue):
    """Any number of dispatching and working processes share the tables; the server's clock is the queue's."""

    # PostgreSQL could hold more; but a body crosses the broker's loop in one piece, and others wait meanwhile.
    capabilities = Capabilities(max_body_bytes=MAX_BODY_BYTES)

    def __init__(
        self,
        dsn: str | None = None,
        *,
        queue_table: str = "task_queue",
        dead_letter_table: str = "dead_letter_queue",
        min_pool_size: int = 1,
        max_pool_size: int = 10,
    ) -> None:
        self._tables = Tables.parse(queue_table, dead_letter_table)
        self._database = Database(dsn, min_size=min_pool_size, max_size=max_pool_size)
        self._hints = Hints(self._database)
        self._home: Home | None = None
        self._admin = PostgresAdmin(self._database, self._tables, lambda: self._channel)

    def __str__(self) -> str:
        return f"{self._database.place} table {self._tables.queue.given}"

    def __repr__(self) -> str:
        return f"<PostgresQueue {self}>"

    @property
    def admin(self) -> PostgresAdmin:
        return self._admin

    async def open(self) -> None:
        self._database.open()
        self._hints.open()
        try:
            self._home = await checked_home(self._database.run, self._tables, self._database.place)
            await self._database.run(sql("forget", self._tables), for_people=True)
        except BaseException:
            await self._database.close(absence=NOT_OPENED)
            raise

    async def close(self) -> None:
        # First the connections: who is woken by the end of the hints must find them closed.
        await self._database.close()
        await self._hints.close()

    async def ping(self) -> None:
        await self._database.run("SELECT 1")

    async def enqueue(self, messages: Sequence[Message], *, key: IdempotencyKey | None = None) -> Sequence[Refusal]:
        refusals, accepted = divided(messages, {at: no for at, it in enumerate(messages) if (no := objection(it))})
        self._database.check()
        return [*refusals, *await enqueue(self._database.run, self._tables, self._channel, accepted, key)]

    async def enqueue_on(self, connection: object, messages: Sequence[Message]) -> Sequence[Refusal]:
        refusals, accepted = divided(messages, {at: no for at, it in enumerate(messages) if (no := objection(it))})
        return [*refusals, *await enqueue_on(connection, self._found(), accepted)]

    def enqueue_on_sync(self, connection: object, messages: Sequence[Message]) -> Sequence[Refusal]:
        refusals, accepted = divided(messages, {at: no for at, it in enumerate(messages) if (no := objection(it))})
        return [*refusals, *enqueue_on_sync(connection, self._found(), accepted)]

    @property
    def _channel(self) -> str:
        return self._found().channel

    def _found(self) -> Home:
        if self._home is None:
            raise Closed(f"{self._database.place} {NOT_OPENED}")
        return self._home

    async def lease(
        self, queues: Sequence[str], *, limit: int, lease_seconds: float, owner: str, wait: float = 0.0
    ) -> Sequence[Lease]:
        names = list(dict.fromkeys(queues))
        deadline: float | None = None
        with self._hints.bell(names) as bell:
            while True:
                bell.silence()
                leases = await self._take_or_leave(names, min(limit, MAX_LEASES), lease_seconds, owner)
                if leases or wait <= 0:
                    return leases
                self._hints.listen(self._channel)
                [row] = await self._database.run(sql("outlook", self._tables), names)
                now, next_due_in = row["now"], row["next_due_in"]
                if deadline is None:
                    deadline = now + wait
                elif now >= deadline:
                    return []
                await bell.wait(_pause(deadline - now, next_due_in, self._hints.patience_seconds))

    async def extend(self, leases: Sequence[Lease], *, lease_seconds: float) -> Sequence[Refusal]:
        self._database.check()
        if not leases:
            return []
        # In one order everywhere, so that batches wait for each other's rows and never in a circle.
        ordered = sorted(leases, key=_id_of)
        rows = await self._database.run(sql("extend", self._tables), *tokens_of(ordered), lease_seconds, self._channel)
        done = set(ids_of(rows))
        return await self._refusals([lease for lease in leases if lease.message.id not in done])

    async def settle(self, verdicts: Sequence[Verdict]) -> Sequence[Refusal]:
        self._database.check()
        if not verdicts:
            return []
        late = repeated(verdict.lease for verdict in verdicts)
        first = sorted(
            (verdict for at, verdict in enumerate(verdicts) if at not in late), key=lambda it: _id_of(it.lease)
        )
        done = await self._apply(first)
        refused = [verdict.lease for verdict in first if verdict.lease.message.id not in done]
        return [*(refusal(verdicts[at].lease) for at in late), *await self._refusals(refused)]

    async def _apply(self, verdicts: Sequence[Verdict]) -> set[str]:
        """The ids of those that were applied."""
        if all(isinstance(verdict, Ack) and not verdict.effects for verdict in verdicts):
            statement, columns = "ack", tokens_of([verdict.lease for verdict in verdicts])
        else:
            statement, columns = "settle", (*columns_of(verdicts), self._channel)
        if not any(effects_of(verdict) for verdict in verdicts):
            rows = await self._database.run(sql(statement, self._tables), *columns)
            return set(ids_of(rows))
        async with self._database.transaction() as connection:
            rows = await connection.fetch(sql(statement, self._tables), *columns)
            done = set(ids_of(rows))
            messages = [effect.message for it in verdicts if it.lease.message.id in done for effect in effects_of(it)]
            # An effect that is already there was applied by an earlier settlement that is being repeated.
            await enqueue(connection.fetch, self._tables, self._channel, messages)
        return done

    async def _refusals(self, leases: Sequence[Lease]) -> Sequence[Refusal]:
        if not leases:
            return []
        rows = await self._database.run(sql("standing", self._tables), *tokens_of(leases))
        cancelled = {row["id"] for row in rows}
        return [refusal(lease, cancelled=lease.message.id in cancelled) for lease in leases]

    async def _take_or_leave(self, names: list[str], limit: int, lease_seconds: float, owner: str) -> Sequence[Lease]:
        """A cancelled call is not given up halfway: what it still leases is given back before it ends."""
        taking = asyncio.ensure_future(self._take(names, limit, lease_seconds, owner))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            # Cancelled once more, this goes on without us.
            await asyncio.shield(self._give_back(taking))
            raise

    async def _give_back(self, taking: "asyncio.Future[Sequence[Lease]]") -> None:
        try:
            leases = await taking
            await self.settle([Release(lease, skewed_seconds=lease.skewed_seconds) for lease in leases])
        except Unavailable as error:
            log.warning("what a cancelled call leased could not be given back and will expire: %s", error)
        except Closed:
            pass  # as its process is about to be, for all that others can tell

    async def _take(self, names: list[str], limit: int, lease_seconds: float, owner: str) -> Sequence[Lease]:
        rows = await self._database.run(sql("lease", self._tables), names, limit, lease_seconds, owner)
        return [lease_of(row, lease_seconds) for row in sorted(rows, key=lambda row: row["number"])]


def _id_of(lease: Lease) -> str:
    return lease.message.id


def _pause(left: float, next_due_in: float | None, patience: float | None) -> float:
    """Until the deadline, the next instant at which time alone brings something, or the next look without a hint."""
    ends = [left]
    if next_due_in is not None:
        ends.append(max(next_due_in, LOCKED_PAUSE_SECONDS))
    if patience is not None:
        ends.append(patience)
    return min(ends)
