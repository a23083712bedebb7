"""A database of our own on the server, and queues on it, on a loop of the test's."""

import asyncio
import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from asynctasq.adapters.mysql.address import parse
from asynctasq.adapters.mysql.connection import Connection
from asynctasq.adapters.mysql.queue import MySQLQueue
from asynctasq.adapters.mysql.schema import MySQLSchema
from tests.servers import URLS, require

Execute = Callable[[str], Sequence[tuple[Any, ...]]]


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def dsn() -> Iterator[str]:
    """Of an empty database."""
    require("mysql")
    name = f"unit_{secrets.token_hex(8)}"
    asyncio.run(run(URLS["mysql"], f"CREATE DATABASE {name}"))
    yield urlunsplit(urlsplit(URLS["mysql"])._replace(path=f"/{name}"))
    asyncio.run(run(URLS["mysql"], f"DROP DATABASE {name}"))


@pytest.fixture
def execute(dsn: str, runner: asyncio.Runner) -> Execute:
    """One statement beside the queue; its rows."""
    return lambda statement: runner.run(run(dsn, statement))


@pytest.fixture
def queue(dsn: str, runner: asyncio.Runner) -> Iterator[MySQLQueue]:
    runner.run(MySQLSchema(dsn).migrate())
    queue = MySQLQueue(dsn)
    runner.run(queue.open())
    yield queue
    runner.run(queue.close())


async def run(dsn: str, statement: str) -> Sequence[tuple[Any, ...]]:
    connection = await Connection.open(parse(dsn))
    try:
        return (await connection.run(statement.encode(), seconds=None))[-1].rows
    finally:
        await connection.leave()
