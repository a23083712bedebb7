"""Dispatching to the embedded queue from wherever a program may do it."""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from asynctasq import task
from asynctasq.adapters.sqlite.queue import SqliteQueue
from asynctasq.app.lifespan import Application
from asynctasq.app.sendable import Sendable
from asynctasq.container import build
from asynctasq.domain.message import IdempotencyKey, Message
from asynctasq.domain.verdict import Refusal
from tests.acceptance.fleet import Fleet

pytestmark = pytest.mark.acceptance

THREADS = 8


@task
async def nothing(index: int) -> None: ...


class CountingQueue(SqliteQueue):
    """Remembers how many messages came with each call."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.batches: list[int] = []

    async def enqueue(self, messages: Sequence[Message], *, key: IdempotencyKey | None = None) -> Sequence[Refusal]:
        self.batches.append(len(messages))
        return await super().enqueue(messages, key=key)


@pytest.fixture
def application(fleet: Fleet) -> Iterator[Application]:
    application = build({"sqlite": {"path": str(fleet.path)}})
    yield application
    application.close()


@pytest.fixture
def queue(fleet: Fleet) -> CountingQueue:
    return CountingQueue(fleet.path)


def nothing_on(queue: CountingQueue, index: int) -> Sendable:
    sendable = nothing(index)
    sendable.config["driver"] = queue
    return sendable


def test_a_thousand_dispatches_together_take_a_few_calls(fleet: Fleet, application: Application, queue: CountingQueue):
    async def dispatch_all() -> list[str]:
        return await asyncio.gather(
            *(application.dispatcher.dispatch(nothing_on(queue, index)) for index in range(1000))
        )

    ids = asyncio.run(dispatch_all())

    assert len(set(ids)) == 1000
    assert fleet.counts() == (1000, 0, 0, 0)
    assert sum(queue.batches) == 1000
    assert len(queue.batches) <= 10


def test_one_loop_after_the_other_dispatches_over_the_same_connection(
    fleet: Fleet, application: Application, queue: CountingQueue
):
    for index in range(3):
        asyncio.run(application.dispatcher.dispatch(nothing_on(queue, index)))

    assert queue.batches == [1, 1, 1]
    assert fleet.counts() == (3, 0, 0, 0)


def test_threads_dispatch_side_by_side_with_and_without_a_loop(
    fleet: Fleet, application: Application, queue: CountingQueue
):
    def dispatch(number: int) -> list[str]:
        dispatcher = application.dispatcher
        return [
            asyncio.run(dispatcher.dispatch(nothing_on(queue, number))),
            dispatcher.dispatch_sync(nothing_on(queue, number)),
        ]

    with ThreadPoolExecutor(THREADS) as threads:
        ids = [id for pair in threads.map(dispatch, range(THREADS)) for id in pair]

    assert len(set(ids)) == 2 * THREADS
    assert fleet.counts() == (2 * THREADS, 0, 0, 0)


def test_parent_and_child_dispatch_after_a_fork(fleet: Fleet):
    forking = fleet.start("forking.py")

    assert forking.ended(within=10) == 0, forking.text
    assert sorted(fleet.ledger.indexes("dispatched")) == [0, 1, 2, 3, 4]
    assert fleet.counts() == (5, 0, 0, 0)

    fleet.worker()
    fleet.until(lambda: not fleet.ledger.outstanding)
    assert fleet.ledger.faults() == []
