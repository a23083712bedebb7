"""The RabbitMQ queue keeps every promise but those that it says it cannot."""

import asyncio
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from asynctasq.testing.contracts import QueueAdminContract, QueueContract, QueueMachineContract
from tests.contract.benches.rabbitmq import RabbitmqBench, RabbitmqMachineBench, clear

pytestmark = pytest.mark.broker("rabbitmq")

FULL = os.environ.get("CI") == "true"
settings.register_profile("rabbitmq", settings.default, max_examples=100 if FULL else 10)


@pytest.fixture(autouse=True, scope="module")
def _leave_nothing_behind() -> Iterator[None]:
    yield
    asyncio.run(clear())


class TestRabbitmqQueue(QueueContract):
    bench = RabbitmqBench


class TestRabbitmqQueueMachine(QueueMachineContract):
    bench = RabbitmqMachineBench
    counted_examples = 12

    @pytest.fixture(autouse=True)
    def _few_examples(self) -> Iterator[None]:
        before = settings.get_current_profile_name()
        settings.load_profile("rabbitmq")
        yield
        settings.load_profile(before)


class TestRabbitmqAdmin(QueueAdminContract):
    bench = RabbitmqBench
