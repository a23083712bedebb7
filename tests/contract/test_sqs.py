"""The SQS queue keeps every promise, as far as moto stands in for Amazon's service."""

import asyncio
import os
import time
from typing import ClassVar

import pytest
from hypothesis import settings

from asynctasq.adapters.sqs.queue import SqsQueue
from asynctasq.ports.queue import Queue
from asynctasq.testing import QueueBench
from asynctasq.testing.contracts import QueueAdminContract, QueueContract, QueueMachineContract
from tests.moto_server import MotoServer

FULL = os.environ.get("CI") == "true"

pytestmark = pytest.mark.broker("sqs")


class SqsBench(QueueBench):
    """Time runs, and can be moved. Units are long, so that what the calls take is little beside them."""

    resolution_seconds = 10.0
    server: ClassVar[MotoServer]

    def __init__(self) -> None:
        self.moved = 0.0

    async def open(self) -> Queue:
        client = SqsQueue(
            endpoint_url=self.server.url,
            aws_access_key_id="key",
            aws_secret_access_key="secret",
            clock=lambda: time.monotonic() + self.moved,
        )
        await client.open()
        return client

    async def crash(self, client: Queue) -> None:
        """A client holds nothing outside the service, and its leases end by themselves."""

    async def advance(self, seconds: float) -> None:
        self.moved += seconds
        self.server.advance(seconds)

    async def inject(self, queue: str, data: bytes) -> None:
        self.server.send(f"asynctasq-{queue}", f'[1,"injected",0,0,0,0]\n{data.decode("latin-1")}\n')

    async def reset(self) -> None:
        self.server.empty()

    async def close(self) -> None:
        self.server.forget()

    async def rest(self) -> None:
        await asyncio.sleep(0.03)


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
