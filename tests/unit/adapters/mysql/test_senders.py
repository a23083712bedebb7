"""A call that is made again is known by its key: in several packets, while the first is under way, and not for ever."""

import asyncio

import pytest

from asynctasq.adapters.mysql.address import parse
from asynctasq.adapters.mysql.connection import Connection
from asynctasq.adapters.mysql.entering import insertion
from asynctasq.adapters.mysql.packing import row
from asynctasq.adapters.mysql.queue import MySQLQueue
from asynctasq.domain.message import IdempotencyKey, Message
from asynctasq.domain.verdict import Ack, Reason
from tests.unit.adapters.mysql.locks import until_one_waits

pytestmark = pytest.mark.broker("mysql")


def message(id, body=b"body"):
    return Message(id, "one", task="t", body=body)


async def lease(queue):
    return await queue.lease(["one"], limit=10, lease_seconds=30, owner="test")


def test_a_repetition_in_several_packets_is_known_after_all_is_finished(queue, runner):
    async def scenario():
        large = [message(str(at), body=b"x" * 3_000_000) for at in range(3)]
        await queue.enqueue(large, key=IdempotencyKey("ann", 1))
        await queue.settle([Ack(held) for held in await lease(queue)])
        return await queue.enqueue(large, key=IdempotencyKey("ann", 1)), await lease(queue)

    refusals, leases = runner.run(scenario())

    assert ([refusal.id for refusal in refusals], leases) == (["0", "1", "2"], [])


def test_of_a_sender_its_last_call_is_remembered_and_nothing_of_one_who_was_silent_for_an_hour(
    queue, runner, dsn, execute
):
    async def scenario():
        for sender, count in (("ann", 3), ("bob", 1)):
            for number in range(count):
                await queue.enqueue([message(f"{sender}-{number}")], key=IdempotencyKey(sender, number))

    async def reopened():
        other = MySQLQueue(dsn)
        await other.open()
        await other.close()

    runner.run(scenario())
    before = execute("SELECT sender, number FROM task_queue_sent ORDER BY 1")
    execute("UPDATE task_queue_sent SET seen_at = seen_at - INTERVAL 61 MINUTE WHERE sender = 'bob/0'")
    runner.run(reopened())

    assert before == (("ann/0", 2), ("bob/0", 0))
    assert execute("SELECT sender, number FROM task_queue_sent") == (("ann/0", 2),)


def test_a_repetition_of_a_call_that_is_still_under_way_waits_for_it(queue, runner, dsn):
    async def scenario():
        other = await Connection.open(parse(dsn))
        call = queue._sql("call", sender="ann/0", number=1)
        await other.run(b"START TRANSACTION", call, *insertion(queue._sql, [("first", row(message("first")))]))
        again = asyncio.create_task(queue.enqueue([message("second")], key=IdempotencyKey("ann", 1)))
        await until_one_waits(other)
        await other.run(b"COMMIT")
        await other.leave()
        return await again, await lease(queue)

    [refusal], [held] = runner.run(scenario())

    assert (refusal.id, refusal.reason, held.message.id) == ("second", Reason.DUPLICATE, "first")
