"""What a test does to a PostgreSQL queue, whose server has a clock that the test sets."""

import secrets
from itertools import count

import asyncpg

from asynctasq.adapters.postgres.queue import PostgresQueue
from asynctasq.adapters.postgres.schema import PostgresSchema
from asynctasq.ports.queue import Queue
from asynctasq.testing import QueueBench
from tests.servers import URLS

# Found before the server's own names: its clock is the one that every client sees. What the disk does is not asked.
SCHEMA = f"contract_{secrets.token_hex(8)}"
DSN = f"{URLS['postgres']}?search_path={SCHEMA},pg_catalog&synchronous_commit=off"

CLOCK = f"""
    CREATE SCHEMA {SCHEMA};
    CREATE TABLE {SCHEMA}.clock AS SELECT now() AS instant;
    CREATE FUNCTION {SCHEMA}.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE
    AS 'SELECT instant FROM {SCHEMA}.clock'
"""


async def make_schema() -> None:
    await execute(CLOCK)
    await PostgresSchema(DSN).migrate()


async def drop_schema() -> None:
    await execute(f"DROP SCHEMA {SCHEMA} CASCADE")


async def execute(statement: str) -> None:
    connection = await asyncpg.connect(URLS["postgres"])
    await connection.execute(statement)
    await connection.close()


class PostgresBench(QueueBench):
    def __init__(self) -> None:
        self.connection: asyncpg.Connection | None = None
        self.numbers = count(1)

    async def open(self) -> Queue:
        client = PostgresQueue(DSN, min_pool_size=0)
        await client.open()
        return client

    async def crash(self, client: Queue) -> None:
        """A client holds nothing outside the tables; an open transaction dies with it, and none outlives a verb."""

    async def advance(self, seconds: float) -> None:
        await self.connection.execute(f"UPDATE clock SET instant = instant + interval '{seconds:f} seconds'")
        # Nobody who waits for an instant can know that it has come early.
        await self.connection.execute("SELECT pg_notify('asynctasq_' || 'task_queue'::regclass::oid::text, '')")

    async def inject(self, queue: str, data: bytes) -> None:
        await self.connection.execute(
            "INSERT INTO task_queue (id, queue, due, header, body) VALUES ($1, $2, statement_timestamp(), $3, $3)",
            f"injected-{next(self.numbers)}",
            queue,
            data,
        )

    async def reset(self) -> None:
        if self.connection is None:
            self.connection = await asyncpg.connect(DSN)
        await self.connection.execute("DELETE FROM task_queue; DELETE FROM dead_letter_queue")

    async def close(self) -> None:
        await self.connection.close()
