"""Makes and upgrades the tables. The mark of a version and its columns change in one step."""

import hashlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from asynctasq.adapters.mysql.address import parse
from asynctasq.adapters.mysql.connection import Connection
from asynctasq.adapters.mysql.faults import Answered, fault
from asynctasq.adapters.mysql.literals import literal
from asynctasq.adapters.mysql.names import tables
from asynctasq.adapters.mysql.standing import Standing, adoptable, mark, problem, standings
from asynctasq.adapters.mysql.statements import Statements
from asynctasq.domain.errors import ConfigurationError, SchemaMismatch, Unavailable
from asynctasq.ports.schema import Schema

LOCK_SECONDS = 30
VERBS = {"queue": "queue", "dead letters": "dead", "senders": "sender"}
"""How the files of a kind are named."""


class MySQLSchema(Schema):
    """Takes the same settings as the queue."""

    def __init__(
        self, dsn: str | None, *, queue_table: str = "task_queue", dead_letter_table: str = "dead_letter_queue"
    ) -> None:
        self._address = parse(dsn)
        self._sql = Statements(tables(queue_table, dead_letter_table))

    async def pending(self, *, force: bool = False) -> Sequence[str]:
        async with self._connected() as connection:
            return await self._plan(connection, force=force)

    async def migrate(self, *, force: bool = False) -> Sequence[str]:
        async with self._connected() as connection, self._locked(connection):
            plan = await self._plan(connection, force=force)
            # DDL commits by itself, so each statement bears the mark of what it makes: a crash leaves a whole version.
            for statement in plan:
                await connection.run(statement.encode(), seconds=None)
            return plan

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[Connection]:
        connection = await Connection.open(self._address)
        try:
            yield connection
        except Answered as answered:
            raise fault(answered, self._address) from answered
        finally:
            await connection.leave()

    @asynccontextmanager
    async def _locked(self, connection: Connection) -> AsyncGenerator[None]:
        """Only one at a time migrates these tables. The lock ends with the connection at the latest."""
        name = literal(f"asynctasq {hashlib.sha256(self._lock_name.encode()).hexdigest()[:40]}")
        waiting = connection.run(b"SELECT GET_LOCK(%s, %d)" % (name, LOCK_SECONDS), seconds=2 * LOCK_SECONDS)
        [[(is_ours,)]] = [answer.rows for answer in await waiting]
        if not is_ours:
            raise Unavailable(f"another process has been migrating {self._sql.tables.queue} for {LOCK_SECONDS} s")
        yield

    @property
    def _lock_name(self) -> str:
        table = self._sql.tables.queue
        return f"{table.schema or self._address.database}.{table.name}"

    async def _plan(self, connection: Connection, *, force: bool) -> Sequence[str]:
        plan: list[str] = []
        for standing in await standings(connection, self._sql):  # there are three
            plan += await self._steps(connection, standing, force=force)
        return plan

    async def _steps(self, connection: Connection, standing: Standing, *, force: bool) -> Sequence[str]:
        steps: list[str] = []
        version = standing.version
        if version is None and force:
            version = await adoptable(connection, self._sql, standing)
            comment = literal(mark(standing.kind, version)).decode()
            steps.append(f"ALTER TABLE {standing.table.quoted} COMMENT = {comment}")
        if version is None:
            raise ConfigurationError(problem(standing))
        if version > standing.wanted:
            raise SchemaMismatch(problem(standing))
        verb = VERBS[standing.kind]
        return steps + [self._sql(f"{verb}_{step}").decode() for step in range(version + 1, standing.wanted + 1)]
