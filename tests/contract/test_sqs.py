"""The SQS queue keeps every promise, as far as moto stands in for Amazon's service."""

import os

import pytest
from hypothesis import settings

from asynctasq.testing.contracts import QueueAdminContract, QueueContract, QueueMachineContract
from tests.contract.benches.sqs import SqsBench
from tests.moto_server import MotoServer

FULL = os.environ.get("CI") == "true"

pytestmark = pytest.mark.broker("sqs")


@pytest.fixture(scope="module", autouse=True)
def server():
    with MotoServer(patience=0.03) as server:
        SqsBench.server = server
        yield


@pytest.fixture(scope="module", autouse=True)
def examples():
    """Fewer than elsewhere: each step asks a server over HTTP."""
    before = settings.get_current_profile_name()
    settings.register_profile("few", settings(), max_examples=settings().max_examples // 5)
    settings.load_profile("few")
    yield
    settings.load_profile(before)


class TestSqsQueue(QueueContract):
    bench = SqsBench


class TestSqsQueueMachine(QueueMachineContract):
    bench = SqsBench
    # Few examples but long ones: each begins with requests of its own.
    steps = 80 if FULL else 30
    counted_examples = 8

    @pytest.fixture(autouse=True)
    def count(self, request):
        if "every_rule" in request.node.name and not FULL:
            pytest.skip("it counts on long examples; runs with CI=true only")


class TestSqsAdmin(QueueAdminContract):
    bench = SqsBench
