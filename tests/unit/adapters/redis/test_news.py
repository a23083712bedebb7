"""Who waits hears of whatever there is to lease now or soon, without looking."""

import asyncio

import pytest

from asynctasq.adapters.redis import queue as module
from asynctasq.adapters.redis.queue import RedisQueue
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Ack, Bury, Enqueue, Release, Retry
from tests.servers import URLS
from tests.unit.adapters.redis.server import until

pytestmark = pytest.mark.broker("redis")

ERROR = ErrorInfo("builtins.ValueError")
NEVER_SECONDS = 1000.0
SOON_SECONDS = 0.05


def message(id="one", *, delay=0.0):
    return Message(id, "default", task="tasks:work", body=b"", delay_seconds=delay)


async def leased(queue, *, wait=0.0, name="default"):
    return await queue.lease([name], limit=1, lease_seconds=30, owner="test", wait=wait)


async def send(queue, _):
    await queue.enqueue([message("new")])


async def send_for_soon(queue, _):
    await queue.enqueue([message("new", delay=SOON_SECONDS)])


async def give_back(queue, lease):
    await queue.settle([Release(lease)])


async def retry_soon(queue, lease):
    await queue.settle([Retry(lease, delay_seconds=SOON_SECONDS, error=ERROR)])


async def end_soon(queue, lease):
    await queue.extend([lease], lease_seconds=SOON_SECONDS)


async def bury_and_requeue(queue, lease):
    await queue.settle([Bury(lease, error=ERROR)])
    await queue.admin.requeue([lease.message.id])


async def settle_with_an_effect(queue, lease):
    await queue.settle([Ack(lease, effects=(Enqueue(message("new")),))])


@pytest.mark.parametrize(
    "act", [send, send_for_soon, give_back, retry_soon, end_soon, bury_and_requeue, settle_with_an_effect]
)
def test_who_waits_hears_of_it(act, queue, prefix, runner, monkeypatch):
    monkeypatch.setattr(module, "LOOK_SECONDS", NEVER_SECONDS)

    async def scenario():
        other = RedisQueue(URLS["redis"], prefix=prefix)
        await other.enqueue([message()])
        [lease] = await leased(other)
        call = asyncio.create_task(leased(queue, wait=NEVER_SECONDS))
        await until(lambda: queue._connection.news._waiting and queue._connection.news.hears(["default"]))
        await act(other, lease)
        async with asyncio.timeout(5):
            found = await call
        await other.close()
        return found

    assert len(runner.run(scenario())) == 1


def test_what_comes_before_the_ear_is_open_is_found_by_the_look_that_follows(queue, prefix, runner, monkeypatch):
    monkeypatch.setattr(module, "LOOK_SECONDS", NEVER_SECONDS)

    async def scenario():
        other = RedisQueue(URLS["redis"], prefix=prefix)
        listen = queue._connection.listen

        async def listen_too_late(queues):
            await other.enqueue([message()])
            await listen(queues)

        monkeypatch.setattr(queue._connection, "listen", listen_too_late)
        async with asyncio.timeout(5):
            found = await leased(queue, wait=NEVER_SECONDS)
        await other.close()
        return found

    assert len(runner.run(scenario())) == 1
