"""A call that is made again is known by its key: in several steps, while the first is under way, and not for ever."""

import asyncio

import pytest

from asynctasq.adapters.postgres.entering import enqueue
from asynctasq.adapters.postgres.queue import PostgresQueue
from asynctasq.domain.message import IdempotencyKey, Message
from asynctasq.domain.verdict import Ack, Reason

pytestmark = pytest.mark.broker("postgres")


def message(id="a"):
    return Message(id, "default", task="t", body=b"body")


async def lease(queue):
    return await queue.lease(["default"], limit=1, lease_seconds=30, owner="test")


def test_a_repetition_in_several_statements_is_known_after_all_is_finished(queue, tables):
    large = [Message(str(number), "default", task="t", body=bytes(15 * 1024 * 1024)) for number in range(5)]
    key = IdempotencyKey("ann", 1)

    assert tables.run(queue.enqueue(large, key=key)) == []
    for each in large:
        assert tables.run(queue.settle([Ack(held) for held in tables.run(lease(queue))])) == [], each

    assert [refusal.id for refusal in tables.run(queue.enqueue(large, key=key))] == [each.id for each in large]


def test_of_a_sender_its_last_call_is_remembered_and_nothing_of_one_who_was_silent_for_an_hour(queue, tables):
    for sender, count in (("ann", 3), ("bob", 1)):
        for number in range(count):
            tables.run(queue.enqueue([message(f"{sender}-{number}")], key=IdempotencyKey(sender, number)))
    before = tables.fetch("SELECT sender, number FROM task_queue_sent ORDER BY 1")
    tables.execute("UPDATE task_queue_sent SET seen_at = seen_at - interval '61 minutes' WHERE sender = 'bob/0'")

    other = PostgresQueue(tables.dsn)
    tables.run(other.open())
    tables.run(other.close())

    assert before == [("ann/0", 2), ("bob/0", 0)]
    assert tables.fetch("SELECT sender, number FROM task_queue_sent") == [("ann/0", 2)]


def test_a_repetition_of_a_call_that_is_still_under_way_waits_for_it(queue, tables):
    key = IdempotencyKey("ann", 1)

    async def scenario():
        async with queue._database.transaction() as connection:
            await enqueue(connection.fetch, queue._tables, queue._channel, [message()], key)
            again = asyncio.create_task(queue.enqueue([message("other")], key=key))
            await until_blocked(tables.connection)
        return await again

    assert [refusal.reason for refusal in tables.run(scenario())] == [Reason.DUPLICATE]
    assert [each.message.id for each in tables.run(lease(queue))] == [message().id]


async def until_blocked(connection):
    blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%_sent%'"
    async with asyncio.timeout(5):
        while not await connection.fetchval(blocked):
            pass
