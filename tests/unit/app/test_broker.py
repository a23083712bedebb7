"""The broker's thread ends with all that is on it."""

import asyncio

from asynctasq.app.broker import Broker


def test_what_nobody_has_closed_is_cancelled_when_the_thread_ends():
    tasks: list[asyncio.Task[object]] = []

    async def leave_something():
        tasks.append(asyncio.create_task(asyncio.Event().wait()))

    broker = Broker()
    broker.submit(leave_something).result(timeout=5)

    broker.close()

    assert [task.cancelled() for task in tasks] == [True]
