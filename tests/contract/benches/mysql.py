"""What a test does to a MySQL queue. Time passes for it by shifting the instants that are stored."""

import secrets
from itertools import count
from urllib.parse import urlsplit, urlunsplit

from asynctasq.adapters.mysql.address import parse
from asynctasq.adapters.mysql.connection import Connection
from asynctasq.adapters.mysql.literals import literal
from asynctasq.adapters.mysql.queue import MySQLQueue
from asynctasq.adapters.mysql.schema import MySQLSchema
from asynctasq.ports.queue import Queue
from asynctasq.testing import ManualClock, QueueBench
from tests.servers import URLS

DATABASE = f"contract_{secrets.token_hex(8)}"
DSN = urlunsplit(urlsplit(URLS["mysql"])._replace(path=f"/{DATABASE}"))


async def make_database() -> None:
    await execute(f"CREATE DATABASE {DATABASE}")
    await MySQLSchema(DSN).migrate()


async def drop_database() -> None:
    await execute(f"DROP DATABASE {DATABASE}")


async def execute(statement: str, dsn: str = URLS["mysql"]) -> None:
    connection = await Connection.open(parse(dsn))
    await connection.run(statement.encode())
    await connection.leave()


class MySQLBench(QueueBench):
    dsn = DSN

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.connection: Connection | None = None
        self.numbers = count(1)

    @property
    def unit_seconds(self) -> float:
        # So long that the time which passes in earnest does not matter.
        return 100.0

    async def open(self) -> Queue:
        client = MySQLQueue(self.dsn, clock=self.clock)
        await client.open()
        return client

    async def crash(self, client: Queue) -> None:
        client._pool.abort()

    async def advance(self, seconds: float) -> None:
        await self.execute(b"UPDATE task_queue SET due = due - INTERVAL %d MICROSECOND" % round(seconds * 1e6))
        self.clock.advance(seconds)

    async def inject(self, queue: str, data: bytes) -> None:
        values = literal((f"injected-{next(self.numbers)}", queue, data, data))
        await self.execute(b"INSERT INTO task_queue (id, queue, header, body, due) VALUES (%s, NOW(6))" % values)

    async def reset(self) -> None:
        await self.execute(b"DELETE FROM task_queue; DELETE FROM dead_letter_queue")

    async def close(self) -> None:
        if self.connection:
            await self.connection.leave()

    async def execute(self, statement: bytes) -> None:
        if self.connection is None:
            self.connection = await Connection.open(parse(self.dsn))
        await self.connection.run(statement)
