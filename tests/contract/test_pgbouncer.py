"""The PostgreSQL queue keeps every promise behind PgBouncer, which lends its connections by transaction."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from asynctasq.adapters.postgres.queue import PostgresQueue
from asynctasq.domain.errors import Unavailable
from asynctasq.domain.message import Message
from asynctasq.ports.queue import Queue
from asynctasq.testing.contracts import QueueAdminContract, QueueContract
from tests.contract.benches.postgres import SCHEMA, PostgresBench, drop_schema, make_schema
from tests.pgbouncer import PgBouncer

pytestmark = pytest.mark.broker("postgres")

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
