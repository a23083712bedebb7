"""The PostgreSQL queue keeps every promise."""

import asyncio
from collections.abc import Iterator

import pytest

from asynctasq.testing.contracts import QueueAdminContract, QueueContract, QueueMachineContract
from tests.contract.benches.postgres import PostgresBench, drop_schema, make_schema

pytestmark = pytest.mark.broker("postgres")


@pytest.fixture(scope="module", autouse=True)
def schema() -> Iterator[None]:
    asyncio.run(make_schema())
    yield
    asyncio.run(drop_schema())


class TestPostgresQueue(QueueContract):
    bench = PostgresBench


class TestPostgresQueueMachine(QueueMachineContract):
    bench = PostgresBench
    counted_examples = 60
    thinned = 2


class TestPostgresAdmin(QueueAdminContract):
    bench = PostgresBench
