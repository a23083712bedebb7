"""The PostgreSQL queue keeps every promise behind PgBouncer, which lends its connections by transaction."""

import asyncio
import logging
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from asynctasq.adapters.postgres.queue import PostgresQueue
from asynctasq.adapters.postgres.schema import PostgresSchema
from asynctasq.domain.errors import Unavailable
from asynctasq.domain.message import Message
from asynctasq.domain.verdict import Ack
from asynctasq.ports.queue import Queue
from asynctasq.testing.contracts import QueueAdminContract, QueueContract
from tests.contract.benches.postgres import SCHEMA, PostgresBench, drop_schema, make_schema
from tests.pgbouncer import PgBouncer
from tests.servers import URLS

pytestmark = pytest.mark.broker("postgres")

Way = Callable[..., AbstractAsyncContextManager[object]]
"""A connection of a user's own with a transaction on it, which the end commits or rolls back."""

BY_TRANSACTION = "pool_mode = transaction"
# What would be reset between two clients is the greeting.
BY_SESSION = ["pool_mode = session", "server_reset_query ="]
# As it has to be for clients that set more than it follows; what they set is then dropped without a word.
LENIENT = "ignore_startup_parameters = plan_cache_mode,enable_seqscan,enable_bitmapscan,jit"
GREETING = f"SET search_path = {SCHEMA}, pg_catalog; SET synchronous_commit = off"


def through(*settings: str) -> PgBouncer:
    return PgBouncer(*settings, greeting=GREETING)


@pytest.fixture(scope="module", autouse=True)
def schema() -> Iterator[None]:
    asyncio.run(make_schema())
    yield
    asyncio.run(drop_schema())


@pytest.fixture(scope="class")
def pooler(schema: None) -> Iterator[None]:
    with through(BY_TRANSACTION, LENIENT) as pooler:
        PooledBench.dsn = pooler.dsn
        yield


class PooledBench(PostgresBench):
    dsn = ""

    async def open(self) -> Queue:
        client = PostgresQueue(self.dsn, min_pool_size=0)
        await client.open()
        return client


@pytest.mark.usefixtures("pooler")
class TestPostgresQueueByTransaction(QueueContract):
    bench = PooledBench


@pytest.mark.usefixtures("pooler")
class TestPostgresAdminByTransaction(QueueAdminContract):
    bench = PooledBench


async def waited(dsn: str) -> float | None:
    """How long a lease waits for a hint, once it is known whether there are any."""
    queue = PostgresQueue(dsn)
    await queue.open()
    await queue.lease(["nothing"], limit=1, lease_seconds=1, owner="test")
    call = asyncio.ensure_future(queue.lease(["nothing"], limit=1, lease_seconds=1, owner="test", wait=60))
    async with asyncio.timeout(10):
        while not (queue._hints._is_proven or queue._hints._is_deaf):  # noqa: ASYNC110 - nothing here sets an event
            await asyncio.sleep(0.01)
    patience = queue._hints.patience_seconds
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await queue.close()
    return patience


@pytest.mark.parametrize("settings", [[BY_TRANSACTION], [BY_TRANSACTION, LENIENT]], ids=["strict", "lenient"])
def test_by_transaction_it_asks_and_one_line_says_so(settings: list[str], caplog: pytest.LogCaptureFixture):
    with through(*settings) as pooler:
        patience = asyncio.run(waited(pooler.dsn))

    assert patience == 0.25
    assert [record.levelname for record in caplog.records if record.levelno >= logging.WARNING] == ["WARNING"]
    assert "every 250 ms" in caplog.text


@pytest.mark.parametrize("settings", [[], [LENIENT]], ids=["strict", "lenient"])
def test_by_session_it_is_told(settings: list[str], caplog: pytest.LogCaptureFixture):
    with through(*BY_SESSION, *settings) as pooler:
        patience = asyncio.run(waited(pooler.dsn))

    assert patience is None
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_second_process_is_served_although_its_statements_have_the_names_of_the_first():
    with through(BY_TRANSACTION, LENIENT) as pooler:
        command = [Path(sys.executable).with_name("asynctasq"), "migrate", "--driver", "postgres"]
        for _ in range(2):
            finished = subprocess.run([*command, "--postgres-dsn", pooler.dsn], capture_output=True, check=False)

            assert finished.returncode == 0, finished.stderr.decode()


def test_after_its_restart_the_next_call_but_one_is_served():
    async def scenario(pooler: PgBouncer) -> int:
        queue = PostgresQueue(pooler.dsn)
        await queue.open()
        await queue.enqueue([Message("restart", "restart", task="t", body=b"")])
        pooler.kill()
        pooler.start()
        with pytest.raises(Unavailable):
            await queue.ping()
        found = await queue.lease(["restart"], limit=1, lease_seconds=9, owner="test")
        await queue.close()
        return len(found)

    with through(BY_TRANSACTION) as pooler:
        assert asyncio.run(scenario(pooler)) == 1


# Found without a search path: by the clock of the server, since a pool of asyncpg's resets what the greeting has set.
OWN = {"queue_table": f"{SCHEMA}.own_queue", "dead_letter_table": f"{SCHEMA}.own_dead"}


@asynccontextmanager
async def by_asyncpg(dsn: str, *, commits: bool) -> AsyncIterator[object]:
    connection = await asyncpg.connect(dsn, statement_cache_size=0)
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await (transaction.commit() if commits else transaction.rollback())
    await connection.close()


@asynccontextmanager
async def by_pool(dsn: str, *, commits: bool) -> AsyncIterator[object]:
    async with asyncpg.create_pool(dsn, min_size=1, statement_cache_size=0) as pool, pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        yield connection
        await (transaction.commit() if commits else transaction.rollback())


@asynccontextmanager
async def by_sqlalchemy(dsn: str, *, commits: bool) -> AsyncIterator[object]:
    unnamed = {"statement_cache_size": 0, "prepared_statement_name_func": lambda: ""}
    engine = create_async_engine(dsn.replace("postgresql://", "postgresql+asyncpg://"), connect_args=unnamed)
    async with AsyncSession(engine) as session:
        yield session
        await (session.commit() if commits else session.rollback())
    await engine.dispose()


@asynccontextmanager
async def by_psycopg(dsn: str, *, commits: bool) -> AsyncIterator[object]:
    pytest.importorskip("psycopg")
    unprepared = {"prepare_threshold": None}
    engine = create_async_engine(dsn.replace("postgresql://", "postgresql+psycopg://"), connect_args=unprepared)
    async with engine.connect() as connection:
        yield connection
        await (connection.commit() if commits else connection.rollback())
    await engine.dispose()


@pytest.mark.parametrize("way", [by_asyncpg, by_pool, by_sqlalchemy, by_psycopg])
@pytest.mark.parametrize("settings", [[BY_TRANSACTION], BY_SESSION], ids=["by transaction", "by session"])
def test_a_transaction_of_a_users_own_passes_it(settings: list[str], way: Way):
    """What is committed there an idle worker hears of at once; what is rolled back is gone."""

    async def scenario(dsn: str) -> tuple[list[str], float]:
        await PostgresSchema(URLS["postgres"], **OWN).migrate()
        queue = PostgresQueue(URLS["postgres"], **OWN)
        await queue.open()
        async with way(dsn, commits=False) as connection:
            await queue.enqueue_on(connection, [Message("gone", "own", task="t", body=b"")])
        waiting = asyncio.ensure_future(queue.lease(["own"], limit=9, lease_seconds=9, owner="test", wait=20))
        async with way(dsn, commits=True) as connection:
            for id in ("one", "two"):
                await queue.enqueue_on(connection, [Message(id, "own", task="t", body=b"")])
            await asyncio.wait([waiting], timeout=0.3)
            assert not waiting.done()
            committed = time.monotonic()
        leases = await waiting
        took = time.monotonic() - committed
        await queue.settle([Ack(lease) for lease in leases])
        await queue.close()
        return [lease.message.id for lease in leases], took

    with PgBouncer(*settings) as pooler:
        ids, took = asyncio.run(scenario(pooler.dsn))

    assert ids == ["one", "two"]
    assert took < 1
