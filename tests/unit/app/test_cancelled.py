"""A thread cannot be stopped, but it can ask whether it should."""

import asyncio
import threading

import pytest

from asynctasq import SyncTask, task
from asynctasq.app.context import cancelled
from asynctasq.domain.lifecycle import State
from tests.unit.app.running import application, drained, is_dead, until

PATIENCE_SECONDS = 30.0

seen: list[object] = []
started = threading.Event()


@pytest.fixture(autouse=True)
def fresh():
    seen.clear()
    started.clear()


def wait_until_cancelled():
    started.set()
    waiting = threading.Event()
    for _ in range(int(PATIENCE_SECONDS / 0.005)):
        if cancelled():
            seen.append("told")
            return
        waiting.wait(0.005)


class Slow(SyncTask[None]):
    config = {"timeout": 0.05, "max_attempts": 1}

    def execute(self):
        wait_until_cancelled()

    def failed(self, exception):
        seen.append((type(exception).__name__, cancelled()))


@task(max_attempts=1)
def work():
    wait_until_cancelled()


@task(max_attempts=1)
def fail_when_told():
    wait_until_cancelled()
    raise ValueError("stopped half-way")


@task
async def ask():
    seen.append(cancelled())


async def at_work():
    async def begun():
        return started.is_set()

    await until(begun)


def test_a_thread_past_its_timeout_is_told_so_and_its_hooks_are_not():
    assert is_dead(drained(Slow()))

    assert sorted(seen, key=str) == [("TaskTimeout", False), "told"]


@pytest.mark.parametrize("call", [work, fail_when_told])
def test_a_thread_that_ends_because_its_worker_leaves_gives_its_attempt_back_however_it_ends(call):
    async def main():
        async with application(shutdown_timeout=0) as app:
            id = await app.dispatcher.dispatch(call())
            worker = app.worker()
            running = asyncio.create_task(worker.run())
            await at_work()
            worker.stop()
            await running
            return await app.monitor.get(id)

    view = asyncio.run(main())

    assert (view.state, view.attempt) == (State.PENDING, 0)
    assert seen == ["told"]


def test_a_cancelled_thread_is_told_so_and_is_neither_retried_nor_dead():
    async def main():
        async with application(lease_seconds=1) as app:
            id = await app.dispatcher.dispatch(work())
            worker = app.worker(burst=True)
            running = asyncio.create_task(worker.run())
            await at_work()
            await app.monitor.cancel([id])
            await running
            return await app.monitor.get(id)

    assert asyncio.run(main()).state is State.CANCELLED
    assert seen == ["told"]


def test_a_task_that_nobody_cancelled_is_not_cancelled():
    drained(ask())

    assert seen == [False]
