"""A server that is a replica by now refuses what is written and keeps its connections: they are given up."""

import asyncio

import pytest

from asynctasq.domain.errors import Unavailable
from asynctasq.domain.message import Message
from asynctasq.domain.verdict import Ack

pytestmark = pytest.mark.broker("mysql")

TOGETHER = 3


def message(id):
    return Message(id, "default", task="tasks:work", body=b"body")


def lease(queue):
    return queue.lease(["default"], limit=10, lease_seconds=30, owner="test")


async def demote(queue):
    """All servers that it is connected to only read from now on; whoever connects anew finds one that writes."""
    for connection in queue._pool._all:
        await connection.run(b"SET SESSION TRANSACTION READ ONLY")


VERBS = {
    "enqueue": lambda queue, _: queue.enqueue([message("two")]),
    "extend": lambda queue, held: queue.extend(held, lease_seconds=30),
    "settle": lambda queue, held: queue.settle([Ack(each) for each in held]),
    "lease in vain": lambda queue, _: lease(queue),
    "cancel": lambda queue, held: queue.admin.cancel([each.message.id for each in held]),
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_call_fails_once_and_the_next_one_reaches_a_server_that_writes(queue, runner, verb):
    async def scenario():
        await queue.enqueue([message("one")])
        held = await lease(queue)
        await demote(queue)
        with pytest.raises(Unavailable, match="READ ONLY"):
            await VERBS[verb](queue, held)
        return await VERBS[verb](queue, held)

    assert list(runner.run(scenario())) == []


def test_one_call_tells_of_all_idle_connections(queue, runner):
    async def scenario():
        await asyncio.gather(*(queue.ping() for _ in range(TOGETHER)))
        await demote(queue)
        with pytest.raises(Unavailable):
            await queue.enqueue([message("one")])
        return await asyncio.gather(*(queue.enqueue([message(str(number))]) for number in range(TOGETHER)))

    assert runner.run(scenario()) == [[]] * TOGETHER
