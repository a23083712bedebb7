"""What the contract does not ask of a memory queue: that it works bare, and that it never scans."""

import asyncio

import pytest

from asynctasq.adapters.memory.queue import MemoryQueue
from asynctasq.domain.errors import Closed
from asynctasq.domain.message import Message
from asynctasq.domain.verdict import Ack


def message(id, **given):
    return Message(id, "q", task="t", body=b"", **given)


async def lease(queue, **given):
    return await queue.lease(["q"], **({"limit": 10, "lease_seconds": 30, "owner": "w"} | given))


def test_it_works_with_a_clock_and_a_storage_of_its_own():
    async def scenario():
        queue = MemoryQueue()
        await queue.open()
        await queue.enqueue([message("now"), message("soon", delay_seconds=0.01)])
        first = await lease(queue)
        second = await lease(queue, wait=5)
        return [each.message.id for each in [*first, *second]]

    assert asyncio.run(scenario()) == ["now", "soon"]


def test_two_bare_queues_share_nothing():
    async def scenario():
        await (one := MemoryQueue()).enqueue([message("1")])
        return await lease(MemoryQueue()), len(await lease(one))

    assert asyncio.run(scenario()) == ([], 1)


def test_what_was_closed_cannot_be_opened_again():
    async def scenario():
        queue = MemoryQueue()
        await queue.close()
        with pytest.raises(Closed):
            await queue.open()

    asyncio.run(scenario())


def test_a_backlog_does_not_slow_down_a_lease():
    """Counted, not timed: how many entries a lease and its settlement look up in the storage."""

    async def scenario(backlog):
        queue = MemoryQueue()
        await queue.enqueue([message(str(number), delay_seconds=number % 2 * 100) for number in range(backlog)])
        queue._storage.entries = entries = CountingDict(queue._storage.entries)
        leases = await lease(queue)
        await queue.settle([Ack(each) for each in leases])
        return entries.looked_up

    assert asyncio.run(scenario(20_000)) == asyncio.run(scenario(200))


class CountingDict(dict):
    looked_up = 0

    def __getitem__(self, key):
        self.looked_up += 1
        return super().__getitem__(key)

    def get(self, key, default=None):
        self.looked_up += 1
        return super().get(key, default)

    def values(self):
        raise AssertionError("a scan")
