"""The Redis queue keeps every promise on Valkey too."""

from collections.abc import Iterator

import pytest

from asynctasq.testing.contracts import QueueAdminContract, QueueContract, QueueMachineContract
from tests.contract.benches.redis import RedisBench
from tests.unit.adapters.redis.server import Server


class ValkeyBench(RedisBench):
    url = ""


@pytest.fixture(scope="module", autouse=True)
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    server = Server(tmp_path_factory.mktemp("valkey"), programs=["valkey-server"])
    ValkeyBench.url = server.url
    yield
    server.kill()


class TestRedisQueueOnValkey(QueueContract):
    bench = ValkeyBench


class TestRedisQueueMachineOnValkey(QueueMachineContract):
    bench = ValkeyBench
    counted_examples = 60


class TestRedisAdminOnValkey(QueueAdminContract):
    bench = ValkeyBench
