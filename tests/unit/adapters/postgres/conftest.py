"""A schema of its own for each test, on the server that the suite is given."""

import asyncio
import secrets
from collections.abc import Iterator

import asyncpg
import pytest

from asynctasq.adapters.postgres.queue import PostgresQueue
from asynctasq.adapters.postgres.schema import PostgresSchema
from tests.servers import URLS


class Place:
    """Where a test has its tables, with a connection of its own beside the queue's."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self.schema = f"unit_{secrets.token_hex(8)}"
        self.dsn = f"{URLS['postgres']}?search_path={self.schema}"
        self.run = runner.run
        self.connection = self.run(asyncpg.connect(self.dsn))
        self.execute(f"CREATE SCHEMA {self.schema}")

    def execute(self, statement: str, *arguments: object) -> None:
        self.run(self.connection.execute(statement, *arguments))

    def fetch(self, statement: str, *arguments: object) -> list[tuple]:
        return [tuple(row) for row in self.run(self.connection.fetch(statement, *arguments))]

    def close(self) -> None:
        self.execute(f"DROP SCHEMA {self.schema} CASCADE")
        self.run(self.connection.close())


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def place(runner: asyncio.Runner) -> Iterator[Place]:
    place = Place(runner)
    yield place
    place.close()


@pytest.fixture
def tables(place: Place) -> Place:
    """The place with the tables of this version."""
    place.run(PostgresSchema(place.dsn).migrate())
    return place


@pytest.fixture
def queue(tables: Place) -> Iterator[PostgresQueue]:
    queue = PostgresQueue(tables.dsn)
    tables.run(queue.open())
    yield queue
    tables.run(queue.close())
