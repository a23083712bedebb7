"""What a RabbitMQ still knows that was killed and started again: before 4.0 it may forget the newest of its queues."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import pytest

from asynctasq import plugins
from asynctasq.app.settings import Settings
from asynctasq.domain.lease import Lease
from asynctasq.domain.lifecycle import State
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Ack, Bury
from asynctasq.ports.queue import Queue
from tests.acceptance.brokers.servers import RabbitMQServer

pytestmark = [pytest.mark.acceptance, pytest.mark.alone, pytest.mark.full, pytest.mark.timeout(180)]

IDS = {f"id-{index}" for index in range(20)}
SETTLED_WITHIN_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 0.05
WAIT_SECONDS = 4.0
"""More than the longest delay."""


@pytest.fixture
def server() -> Iterator[RabbitMQServer]:
    with RabbitMQServer() as server:
        yield server


@pytest.mark.parametrize("delay_seconds", [0.0, 2.0])
def test_what_is_confirmed_in_the_first_moment_of_a_queue_outlives_the_server(
    server: RabbitMQServer, delay_seconds: float
):
    async def kept() -> set[str]:
        async with _client(server) as queue:
            ids: set[str] = set()
            while leases := await _lease(queue):
                ids |= {lease.message.id for lease in leases}
                await queue.settle([Ack(lease) for lease in leases])
            return ids

    asyncio.run(_enqueue(server, delay_seconds))
    server.kill()
    server.start()

    assert asyncio.run(kept()) == IDS


def test_a_server_that_has_settled_forgets_no_queue(server: RabbitMQServer):
    async def bury() -> bool:
        async with _client(server) as queue:
            lease, *_ = await _lease(queue)
            await queue.settle([Bury(lease, error=ErrorInfo("ValueError"))])
            page = await queue.admin.find(state=State.DEAD, limit=1)
            return [lease.message.id] == [view.message.id for view in page.messages]

    asyncio.run(_enqueue(server))
    deadline = time.monotonic() + SETTLED_WITHIN_SECONDS
    while not server.settled():
        assert time.monotonic() < deadline
        time.sleep(LOOK_AGAIN_SECONDS)
    server.kill()
    server.start()

    assert asyncio.run(bury())


@asynccontextmanager
async def _client(server: RabbitMQServer) -> AsyncIterator[Queue]:
    settings = Settings.load(environ=server.settings("restarts", server.port), dotenv=None)
    queue = plugins.load("queues", settings.driver)(settings)
    await queue.open()
    try:
        yield queue
    finally:
        await queue.close()


async def _enqueue(server: RabbitMQServer, delay_seconds: float = 0.0) -> None:
    messages = [Message(id, "default", task="t", body=b"body", delay_seconds=delay_seconds) for id in IDS]
    async with _client(server) as queue:
        assert not await queue.enqueue(messages)


async def _lease(queue: Queue) -> Sequence[Lease]:
    return await queue.lease(["default"], limit=len(IDS), lease_seconds=30, owner="me", wait=WAIT_SECONDS)
