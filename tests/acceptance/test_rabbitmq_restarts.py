"""What a RabbitMQ still knows that was killed and started again: before 4.0 it may forget the newest of its queues."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import pytest
from pamqp import commands

from asynctasq import plugins
from asynctasq.adapters.rabbitmq.queue import RabbitmqQueue
from asynctasq.adapters.rabbitmq.topology import QUORUM
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
    _settle(server)
    server.kill()
    server.start()

    assert asyncio.run(bury())


def test_a_queue_without_a_leader_keeps_no_other_waiting(server: RabbitMQServer):
    """Made and forgotten at once, it is there and answers nobody who wants to consume it."""

    async def forget_one() -> None:
        async with _client(server) as queue:
            await queue.enqueue([Message("lost", "leaderless", task="t", body=b"")])
            channel = await (await queue._connected()).publisher()
            source = queue._names.queue("leaderless")
            await channel.call(commands.Queue.Delete(queue=source), commands.Queue.DeleteOk)
            _settle(server)
            await channel.call(
                commands.Queue.Declare(queue=source, durable=True, arguments=QUORUM), commands.Queue.DeclareOk
            )
            server.kill()

    async def work() -> set[str]:
        ids: set[str] = set()
        async with _client(server) as queue:
            connection = (await queue._connected()).connection
            while len(ids) < len(IDS):
                leases = await _lease(queue, "leaderless", "default")
                ids |= {lease.message.id for lease in leases}
                assert list(await queue.extend(leases, lease_seconds=30)) == []
                assert list(await queue.settle([Ack(lease) for lease in leases])) == []
            assert connection.error is None
        return ids

    asyncio.run(_enqueue(server))
    _settle(server)
    asyncio.run(forget_one())
    server.start()

    assert asyncio.run(work()) == IDS


def _settle(server: RabbitMQServer) -> None:
    deadline = time.monotonic() + SETTLED_WITHIN_SECONDS
    while not server.settled():
        assert time.monotonic() < deadline
        time.sleep(LOOK_AGAIN_SECONDS)


@asynccontextmanager
async def _client(server: RabbitMQServer) -> AsyncIterator[RabbitmqQueue]:
    settings = Settings.load(environ=server.settings("restarts", server.port), dotenv=None)
    queue = plugins.load("queues", settings.driver)(settings)
    assert isinstance(queue, RabbitmqQueue)
    await queue.open()
    try:
        yield queue
    finally:
        await queue.close()


async def _enqueue(server: RabbitMQServer, delay_seconds: float = 0.0) -> None:
    messages = [Message(id, "default", task="t", body=b"body", delay_seconds=delay_seconds) for id in IDS]
    async with _client(server) as queue:
        assert not await queue.enqueue(messages)


async def _lease(queue: Queue, *queues: str) -> Sequence[Lease]:
    return await queue.lease(queues or ["default"], limit=len(IDS), lease_seconds=30, owner="me", wait=WAIT_SECONDS)
