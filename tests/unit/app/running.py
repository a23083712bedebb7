"""An application on the memory queue and what its tests ask of it."""

import asyncio
from contextlib import asynccontextmanager

from asynctasq.container import build
from asynctasq.domain.lifecycle import State


def on_memory(**worker):
    return build({"driver": "memory", "worker": {"concurrency": 4, **worker}})


@asynccontextmanager
async def application(**worker):
    application = on_memory(**worker)
    try:
        yield application
    finally:
        await application.aclose()


async def drain(application, *tasks, queues=()):
    """Dispatch the tasks and run a worker until nothing is due; their ids."""
    ids = [await application.dispatcher.dispatch(task) for task in tasks]
    await application.worker(burst=True, queues=queues).run()
    return ids


async def until(true):
    """Give way to everybody else until it is true; what it waits for has no event of its own."""
    while not await true():  # noqa: ASYNC110
        await asyncio.sleep(0)


def drained(*tasks, **worker):
    """What the queue still keeps of these tasks once a worker has run them; None for those that succeeded."""

    async def main():
        async with application(**worker) as app:
            ids = await drain(app, *tasks)
            return [await app.monitor.get(id) for id in ids]

    views = asyncio.run(main())
    return views[0] if len(tasks) == 1 else views


def is_dead(view):
    return view is not None and view.state is State.DEAD
