"""By the real clock of the server: an idle lease is told what comes, wakes for what is due, and rests in between."""

import asyncio
import time

import pytest

from asynctasq.adapters.postgres.queue import PostgresQueue
from asynctasq.domain.message import Message
from asynctasq.domain.verdict import Release
from tests.unit.adapters.postgres.until import until

pytestmark = pytest.mark.broker("postgres")


def message(id="a", queue="default", delay=0.0):
    return Message(id, queue, task="t", body=b"", delay_seconds=delay)


async def lease(queue, wait=0.0, lasts=30.0):
    return await queue.lease(["default"], limit=10, lease_seconds=lasts, owner="test", wait=wait)


async def listening(queue):
    """And whoever waits has looked since then, and rests."""
    await until(lambda: queue._hints.patience_seconds is None)
    await until(lambda: all(bell._rung._waiters and not bell._rung.is_set() for bell in queue._hints._bells))


@pytest.fixture
def other(tables):
    queue = PostgresQueue(tables.dsn)
    tables.run(queue.open())
    yield queue
    tables.run(queue.close())


def count_statements(queue):
    """From now on."""
    counted = []
    run = queue._database.run

    async def counting(statement, *arguments, **options):
        counted.append(statement)
        return await run(statement, *arguments, **options)

    queue._database.run = counting
    return counted


@pytest.mark.parametrize("delay", [0.0, 0.3])
def test_a_message_is_picked_up_soon_after_it_can_be(queue, other, tables, delay):
    async def scenario():
        waiting = asyncio.ensure_future(lease(queue, wait=20))
        await listening(queue)
        begun = time.monotonic()
        await other.enqueue([message(delay=delay)])
        await waiting
        return time.monotonic() - begun

    # Milliseconds, but machines are busy; without hints or timers it would be 20 s.
    assert delay <= tables.run(scenario()) < delay + 1


def test_who_listens_closes_at_once(other, tables):
    async def scenario():
        waiting = asyncio.ensure_future(lease(other, wait=20))
        await listening(other)
        begun = time.monotonic()
        await other.close()
        await asyncio.gather(waiting, return_exceptions=True)
        return time.monotonic() - begun

    assert tables.run(scenario()) < 0.5


def test_a_lease_that_ends_is_picked_up_soon_after_it_does(queue, other, tables):
    async def scenario():
        await other.enqueue([message()])
        await lease(other, lasts=0.3)
        begun = time.monotonic()
        [found] = await lease(queue, wait=20)
        return found.attempt, time.monotonic() - begun

    attempt, passed = tables.run(scenario())

    assert attempt == 2
    assert passed < 1.3


def test_a_lease_that_is_to_end_sooner_is_heard_of(queue, other, tables):
    async def scenario():
        await other.enqueue([message()])
        held = await lease(other)
        waiting = asyncio.ensure_future(lease(queue, wait=20))
        await listening(queue)
        await other.extend(held, lease_seconds=0.2)
        return await asyncio.wait_for(waiting, 5)

    assert len(tables.run(scenario())) == 1


def test_who_waits_is_not_woken_for_another_queue_nor_by_an_ordinary_renewal(queue, other, tables):
    async def scenario():
        await other.enqueue([message("held")])
        held = await lease(other)
        waiting = asyncio.ensure_future(lease(queue, wait=20))
        await listening(queue)
        counted = count_statements(queue)
        await other.enqueue([message("elsewhere", "another")])
        await other.extend(held, lease_seconds=60)
        quiet = list(counted)
        await other.settle([Release(each) for each in held])
        return quiet, [each.message.id for each in await waiting]

    assert tables.run(scenario()) == ([], ["held"])


def test_news_of_more_queues_than_a_notification_can_name_reaches_whoever_waits(queue, other, tables):
    async def scenario():
        waiting = asyncio.ensure_future(lease(queue, wait=20))
        await listening(queue)
        names = [f"{number:060}" for number in range(500)]
        await other.enqueue([*(message(name, name) for name in names), message()])
        return await asyncio.wait_for(waiting, 5)

    assert len(tables.run(scenario())) == 1


def test_a_wait_of_a_second_asks_no_more_than_twice_at_its_begin_and_twice_at_its_end(queue, tables):
    async def scenario():
        await queue.enqueue([message(delay=86_400)])
        await lease(queue, wait=0.05)
        await listening(queue)
        counted = count_statements(queue)
        await lease(queue, wait=1)
        return len(counted)

    assert tables.run(scenario()) <= 4
