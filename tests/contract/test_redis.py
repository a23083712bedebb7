"""The Redis queue keeps every promise."""

import pytest

from asynctasq.testing.contracts import QueueAdminContract, QueueContract, QueueMachineContract
from tests.contract.benches.redis import RedisBench

pytestmark = pytest.mark.broker("redis")


class TestRedisQueue(QueueContract):
    bench = RedisBench


class TestRedisQueueMachine(QueueMachineContract):
    bench = RedisBench
    counted_examples = 60


class TestRedisAdmin(QueueAdminContract):
    bench = RedisBench
