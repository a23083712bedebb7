"""A running lease never ends by itself, and one that did is reported once."""

import asyncio
import time

import pytest
from attrs import evolve

from asynctasq.adapters.memory.queue import MemoryQueue
from asynctasq.adapters.memory.storage import MemoryStorage
from asynctasq.app.keeper import Keeper
from asynctasq.domain.errors import Unavailable
from asynctasq.domain.lease import Lease
from asynctasq.domain.message import Message
from asynctasq.domain.verdict import Ack, Reason
from asynctasq.testing import ManualClock


class Deaf(MemoryQueue):
    """Notes each renewal and answers none."""

    def __init__(self):
        super().__init__(MemoryStorage(), ManualClock())
        self.asked = asyncio.Event()

    async def extend(self, leases, *, lease_seconds):
        self.asked.set()
        raise Unavailable("nobody there")


class Lasting(MemoryQueue):
    """Its leases end with a connection, as it says."""

    capabilities = evolve(MemoryQueue.capabilities, leases_expire=False)

    def __init__(self):
        super().__init__(MemoryStorage(), ManualClock())
        self.renewed = asyncio.Event()

    async def extend(self, leases, *, lease_seconds):
        refusals = await super().extend(leases, lease_seconds=lease_seconds)
        self.renewed.set()
        return refusals


class LastingButDeaf(Deaf):
    capabilities = Lasting.capabilities


class Faulty(MemoryQueue):
    """Raises once what no queue should."""

    faults = 1

    def __init__(self):
        super().__init__(MemoryStorage(), ManualClock())
        self.renewed = asyncio.Event()

    async def extend(self, leases, *, lease_seconds):
        if self.faults:
            self.faults -= 1
            raise RuntimeError("the handler is closed")
        refusals = await super().extend(leases, lease_seconds=lease_seconds)
        self.renewed.set()
        return refusals


class Scene:
    def __init__(self, queue=None):
        self.clock = ManualClock()
        self.queue = queue or MemoryQueue(MemoryStorage(), self.clock)
        self.lost = asyncio.Queue()
        self.keeper = Keeper(self.queue, lease_seconds=0.3, on_lost=lambda lost: self.lost.put_nowait(list(lost)))

    async def lease(self, count=1):
        await self.queue.enqueue([Message(f"id-{n}", "q", task="m:t", body=b"") for n in range(count)])
        before = time.monotonic()
        leases = await self.queue.lease(["q"], limit=count, lease_seconds=0.3, owner="w")
        self.keeper.hold(leases, since=before)
        return leases


@pytest.fixture
def play():
    def run(test, queue=None):
        async def main():
            scene = Scene(queue() if queue else None)
            await scene.queue.open()
            keeping = asyncio.create_task(scene.keeper.run())
            async with asyncio.timeout(10):
                await test(scene)
            keeping.cancel()
            await asyncio.wait([keeping])
            await scene.queue.close()

        asyncio.run(main())

    return run


def test_a_lease_that_the_queue_calls_lost_is_reported_and_dropped(play):
    async def test(scene):
        [lease] = await scene.lease()
        scene.clock.advance(1)

        assert await scene.lost.get() == [(lease, Reason.LOST)]
        assert scene.keeper.leases == []

    play(test)


def test_a_cancelled_message_is_reported_as_cancelled(play):
    async def test(scene):
        [lease] = await scene.lease()
        await scene.queue.admin.cancel([lease.message.id])

        assert await scene.lost.get() == [(lease, Reason.CANCELLED)]

    play(test)


def test_without_an_answer_a_lease_is_lost_after_its_length_by_our_own_clock(play):
    async def test(scene):
        [lease] = await scene.lease()
        begun = time.monotonic()

        assert await scene.lost.get() == [(lease, Reason.LOST)]
        assert scene.queue.asked.is_set()
        assert time.monotonic() - begun >= 0.2

    play(test, Deaf)


def test_leases_of_one_length_are_renewed_in_one_call(play):
    async def test(scene):
        calls = asyncio.Queue()
        extend = scene.queue.extend

        async def counted(leases: list[Lease], *, lease_seconds: float):
            calls.put_nowait(len(leases))
            return await extend(leases, lease_seconds=lease_seconds)

        scene.queue.extend = counted
        await scene.lease(5)

        assert await calls.get() == 5

    play(test)


def test_what_was_let_go_is_neither_renewed_nor_reported(play):
    async def test(scene):
        first, second = await scene.lease(2)
        scene.keeper.let_go(first)
        await scene.queue.settle([Ack(first)])
        scene.clock.advance(1)

        assert await scene.lost.get() == [(second, Reason.LOST)]
        assert scene.lost.empty()

    play(test)


def test_a_queue_that_fails_for_another_reason_is_asked_again(play):
    async def test(scene):
        await scene.lease()
        await asyncio.wait_for(scene.queue.renewed.wait(), 10)

        assert scene.keeper.leases

    play(test, Faulty)


def test_a_pause_of_this_process_ends_no_lease_that_ends_with_its_connection(play):
    async def test(scene):
        leases = await scene.lease()
        time.sleep(0.4)  # noqa: ASYNC251 - as a frozen process does
        await scene.queue.renewed.wait()

        assert scene.keeper.leases == leases
        assert scene.lost.empty()

    play(test, Lasting)


def test_without_an_answer_a_lease_that_ends_with_its_connection_is_lost_as_well(play):
    async def test(scene):
        [lease] = await scene.lease()
        before = time.monotonic()

        assert await scene.lost.get() == [(lease, Reason.LOST)]
        assert time.monotonic() - before < 2 * lease.lease_seconds
        assert scene.keeper.leases == []

    play(test, LastingButDeaf)
