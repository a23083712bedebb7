"""A worker that leaves holds on to nothing, in whatever moment it is told to."""

import asyncio

import pytest
from dependency_injector import providers

from asynctasq import task
from asynctasq.adapters.memory.queue import MemoryQueue
from asynctasq.app.settings import Settings
from asynctasq.container import Container
from asynctasq.domain.lifecycle import State

COUNT = 5


class Treacherous(MemoryQueue):
    """Lets somebody know in the very moment in which it leases."""

    def __init__(self, hear):
        super().__init__()
        self.hear = hear

    async def lease(self, queues, **how):
        leases = await super().lease(queues, **how)
        if leases:
            self.hear()
        return leases


@task
async def wait():
    await asyncio.Event().wait()


async def views_after(leave):
    """What the queue holds once a worker to whom `leave` happened while it leased has left."""
    loop = asyncio.get_running_loop()

    def hear():
        loop.call_soon_threadsafe(leave, worker, running)

    queue = Treacherous(hear)
    settings = Settings.load({"driver": "memory", "worker": {"shutdown_timeout": 0}})
    container = Container(settings=providers.Object(settings), queue=providers.Object(queue))
    async with container.application() as app:
        ids = [await app.dispatcher.dispatch(wait()) for _ in range(COUNT)]
        worker = app.worker()
        running = asyncio.create_task(worker.run())
        await asyncio.wait([running])
        assert running.cancelled() or running.exception() is None
        return [await app.monitor.get(id) for id in ids]


@pytest.mark.parametrize(
    "leave",
    [lambda worker, running: running.cancel(), lambda worker, running: worker.stop()],
    ids=["cancelled", "stopped"],
)
def test_what_is_leased_in_the_moment_of_leaving_goes_back(leave):
    views = asyncio.run(views_after(leave))

    assert [(view.state, view.attempt) for view in views] == [(State.PENDING, 0)] * COUNT
