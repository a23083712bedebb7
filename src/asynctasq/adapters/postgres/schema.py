"""Making the tables and bringing older ones up to date: `asynctasq migrate`. Each table has a version of its own."""

from collections.abc import Sequence

from asynctasq.adapters.postgres.connection import Connection, Database
from asynctasq.adapters.postgres.faults import COMMAND
from asynctasq.adapters.postgres.marks import Mark, mark, read_marks
from asynctasq.adapters.postgres.names import Tables, quoted
from asynctasq.adapters.postgres.statements import statements
from asynctasq.domain.errors import ConfigurationError, SchemaMismatch
from asynctasq.ports.schema import Schema

LOCK = 0x61747171
"""The letters atqq: under this advisory lock tables of ours are made and changed."""
LONGEST_STATEMENT_SECONDS = 3600.0
"""An index over many rows takes its time."""


class PostgresSchema(Schema):
    """Names of tables are as for `PostgresQueue`; a schema that they name is made too."""

    def __init__(
        self,
        dsn: str | None = None,
        *,
        queue_table: str = "task_queue",
        dead_letter_table: str = "dead_letter_queue",
    ) -> None:
        self._tables = Tables.parse(queue_table, dead_letter_table)
        self._dsn = dsn

    async def pending(self, *, force: bool = False) -> Sequence[str]:
        return await self._run(force=force, dry=True)

    async def migrate(self, *, force: bool = False) -> Sequence[str]:
        return await self._run(force=force, dry=False)

    async def _run(self, *, force: bool, dry: bool) -> Sequence[str]:
        database = Database(self._dsn, max_size=1, statement_seconds=LONGEST_STATEMENT_SECONDS)
        database.open()
        try:
            # All or nothing, and one after the other: the second of two finds nothing left to do.
            async with database.transaction() as connection:
                await connection.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
                missing = await self._missing(connection, force=force)
                for statement in [] if dry else missing:  # their order is their meaning
                    await connection.execute(statement)
        finally:
            await database.close()
        return missing

    async def _missing(self, connection: Connection, *, force: bool) -> list[str]:
        queue, dead, sender = await read_marks(connection.fetch, self._tables)
        return [
            *await self._schemas(connection),
            *self._steps("queue", queue, force=force),
            *self._steps("dead", dead, force=force),
            *self._steps("sender", sender, force=force),
        ]

    async def _schemas(self, connection: Connection) -> list[str]:
        named = {name.schema: None for name in (self._tables.queue, self._tables.dead) if name.schema}
        rows = await connection.fetch(
            "SELECT name FROM unnest($1::text[]) AS named (name) WHERE to_regnamespace(quote_ident(name)) IS NULL",
            list(named),
        )
        return [f"CREATE SCHEMA {quoted(row['name'])}" for row in rows]

    def _steps(self, which: str, found: Mark, *, force: bool) -> list[str]:
        """What takes one table from where it is to where it should be."""
        if found.version is not None and found.version > found.wanted:
            raise SchemaMismatch(f"table {found.table.given} {found.problem}")
        if found.is_foreign and not force:
            raise ConfigurationError(
                f"table {found.table.given} was not made by AsyncTasQ: "
                f"name another one, or adopt it with {COMMAND} --force"
            )
        verbs = [f"{which}_{version}" for version in range((found.version or 0) + 1, found.wanted + 1)]
        if found.is_foreign:
            verbs[0] = f"{which}_adopted"
        steps = [statement for verb in verbs for statement in statements(verb, self._tables)]
        return [*steps, f"COMMENT ON TABLE {found.table} IS '{mark(found.wanted)}'"] if steps else []
