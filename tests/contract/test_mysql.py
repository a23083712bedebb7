"""The MySQL queue keeps every promise."""

import asyncio
from collections.abc import Iterator

import pytest

from asynctasq.testing.contracts import QueueAdminContract, QueueContract, QueueMachineContract
from tests.contract.benches.mysql import MySQLBench, drop_database, make_database

pytestmark = pytest.mark.broker("mysql")


@pytest.fixture(scope="module", autouse=True)
def database() -> Iterator[None]:
    asyncio.run(make_database())
    yield
    asyncio.run(drop_database())


class TestMySQLQueue(QueueContract):
    bench = MySQLBench


class TestMySQLQueueMachine(QueueMachineContract):
    bench = MySQLBench
    steps = 40
    counted_examples = 20
    thinned = 3


class TestMySQLAdmin(QueueAdminContract):
    bench = MySQLBench
