"""Health is what a loop answers and what the queue has answered."""

import asyncio
import threading
from contextlib import asynccontextmanager

import pytest

from asynctasq import task
from asynctasq.adapters.memory.queue import MemoryQueue
from asynctasq.app import health as health_module
from asynctasq.app.health import Health, WatchedQueue
from asynctasq.domain.errors import Unavailable
from tests.unit.app.running import application

gate = threading.Event()


@task
async def note():
    pass


class Mute(MemoryQueue):
    """Gives no answer as long as it is mute."""

    mute = False

    async def lease(self, *args, **options):
        if self.mute:
            raise Unavailable("gone")
        return await super().lease(*args, **options)


def test_a_loop_that_moves_is_live():
    async def main():
        async with application() as app:
            return await app.broker.call(Health(asyncio.get_running_loop(), 30).live)

    assert asyncio.run(main())


def test_a_loop_that_stands_still_is_not_live(monkeypatch):
    monkeypatch.setattr(health_module, "ANSWER_SECONDS", 0.05)

    async def main():
        async with application() as app:
            asked = app.broker.submit(Health(asyncio.get_running_loop(), 30).live)
            return asked.result()  # blocks the loop that is to answer

    assert not asyncio.run(main())


def test_a_loop_that_has_closed_is_not_live():
    closed = asyncio.new_event_loop()
    closed.close()

    assert not asyncio.run(Health(closed, 30).live())


@asynccontextmanager
async def watched(queue):
    async with application() as app:
        health = Health(asyncio.get_running_loop(), 3)
        yield app, health, WatchedQueue(app.routes, queue, health)


def test_a_worker_is_ready_once_its_queue_has_answered():
    async def main():
        async with watched(MemoryQueue()) as (app, health, queue):
            before = health.ready
            await app.worker(driver=queue, burst=True).run()
            return before, health.ready

    assert asyncio.run(main()) == (False, True)


def test_it_is_not_ready_while_its_queue_is_silent_and_ready_again_after():
    async def main():
        mute = Mute()
        async with watched(mute) as (_, health, queue):

            async def leases():
                return await queue.lease(["q"], limit=1, lease_seconds=3, owner="o")

            await queue.open()
            before = health.ready
            mute.mute = True
            with pytest.raises(Unavailable):
                await leases()
            silent = health.ready
            mute.mute = False
            await leases()
            return before, silent, health.ready

    assert asyncio.run(main()) == (True, False, True)


def test_an_answer_of_long_ago_does_not_count(monkeypatch):
    async def main():
        async with watched(MemoryQueue()) as (_, health, queue):
            await queue.open()
            monkeypatch.setattr(health_module.time, "monotonic", lambda: health._heard_at + 15 + 1 + 1)
            return health.ready

    assert not asyncio.run(main())


def test_a_watched_queue_is_the_queue():
    async def main():
        inner = MemoryQueue()
        async with watched(inner) as (app, _, queue):
            await queue.open()
            ids = await drain_on(app, inner, queue)
            return str(queue) == str(inner), queue.capabilities is inner.capabilities, await inner.admin.fetch(ids)

    async def drain_on(app, inner, queue):
        call = note()
        call.config["driver"] = inner
        ids = [await app.dispatcher.dispatch(call)]
        await app.worker(driver=queue, burst=True).run()
        return ids

    assert asyncio.run(main()) == (True, True, [])
