"""What is special to looking into the file; the promises of the port are in the contract."""

import asyncio
from collections.abc import Sequence

import pytest

from asynctasq.adapters.sqlite import admin as module
from asynctasq.adapters.sqlite.queue import SqliteQueue
from asynctasq.domain.lease import Lease
from asynctasq.domain.lifecycle import State
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Bury, Reason
from asynctasq.domain.views import QueueStats
from asynctasq.testing import ManualClock


def message(id: str, queue: str = "default", *, delay: float = 0) -> Message:
    return Message(id, queue, task="tasks:work", body=b"body", delay_seconds=delay)


async def lease(queue: SqliteQueue, *queues: str, limit: int = 100, seconds: float = 30) -> Sequence[Lease]:
    return await queue.lease(queues or ("default",), limit=limit, lease_seconds=seconds, owner="worker-1")


async def bury(queue: SqliteQueue, *messages: Message) -> None:
    await queue.enqueue(messages)
    leases = await lease(queue, *{message.queue for message in messages})
    await queue.settle([Bury(held, error=ErrorInfo("ValueError", "no", "Traceback")) for held in leases])


def test_counts_follow_the_clock_without_any_other_call(queue: SqliteQueue, runner: asyncio.Runner, clock: ManualClock):
    async def counts() -> Sequence[QueueStats]:
        await queue.enqueue([message("running")])
        await lease(queue, seconds=10)
        await queue.enqueue([message("ready"), message("soon", delay=5), message("late", delay=50)])
        before = await queue.admin.stats()
        clock.advance(10)
        return [*before, *await queue.admin.stats()]

    assert runner.run(counts()) == [
        QueueStats("default", pending=1, scheduled=2, running=1, dead=0),
        QueueStats("default", pending=3, scheduled=1, running=0, dead=0),
    ]


def test_queues_are_those_that_a_worker_could_serve(queue: SqliteQueue, runner: asyncio.Runner):
    async def names() -> Sequence[str]:
        await bury(queue, message("1", "graveyard"))
        await queue.enqueue([message("2", "b"), message("3", "a", delay=9), message("4", "c"), message("5", "b")])
        await lease(queue, "c")
        return await queue.admin.queues()

    assert runner.run(names()) == ["a", "b", "c"]


def test_pages_of_dead_letters_meet_every_one_once(queue: SqliteQueue, runner: asyncio.Runner):
    async def walk() -> list[list[str]]:
        await bury(queue, *(message(str(at), "odd" if at % 2 else "even") for at in range(10)))
        pages: list[list[str]] = []
        after = None
        while not pages or after:
            page = await queue.admin.find(state=State.DEAD, queue="odd", limit=2, after=after)
            pages.append([view.message.id for view in page.messages])
            after = page.after
        return pages

    assert runner.run(walk()) == [["1", "3"], ["5", "7"], ["9"]]


def test_a_dead_letter_tells_its_reason_attempts_and_last_worker(queue: SqliteQueue, runner: asyncio.Runner):
    runner.run(bury(queue, message("1")))

    [view] = runner.run(queue.admin.fetch(["unknown", "1"]))

    assert (view.state, view.attempt, view.worker) == (State.DEAD, 1, "worker-1")
    assert view.error == ErrorInfo("ValueError", "no", "Traceback")
    assert view.due_in_seconds is None


def test_a_worker_of_a_requeued_message_is_refused(queue: SqliteQueue, runner: asyncio.Runner):
    async def requeue_while_it_runs() -> tuple[Sequence[object], int]:
        await queue.enqueue([message("1")])
        [zombie] = await lease(queue)
        await queue.admin.cancel(["1"])
        await queue.admin.requeue(["1"])
        [fresh] = await lease(queue)
        return await queue.extend([zombie], lease_seconds=30), fresh.attempt

    refusals, attempt = runner.run(requeue_while_it_runs())

    assert [refusal.reason for refusal in refusals] == [Reason.LOST]
    assert attempt == 1


def test_the_second_mention_of_an_id_is_refused(queue: SqliteQueue, runner: asyncio.Runner):
    runner.run(queue.enqueue([message("1")]))

    refusals = runner.run(queue.admin.cancel(["1", "1"]))

    assert [(refusal.id, refusal.reason) for refusal in refusals] == [("1", Reason.INVALID)]


def test_a_purge_takes_as_many_steps_as_it_needs(
    queue: SqliteQueue, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "PURGED_AT_ONCE", 3)

    async def purge() -> int:
        await bury(queue, *(message(f"dead-{at}") for at in range(4)))
        await queue.enqueue([message("running")])
        await lease(queue)
        await queue.enqueue([*(message(str(at)) for at in range(4)), message("late", delay=9), message("x", "other")])
        return await queue.admin.purge("default", states=frozenset(State) - {State.SCHEDULED})

    assert runner.run(purge()) == 8
    assert runner.run(queue.admin.stats()) == [
        QueueStats("default", pending=0, scheduled=1, running=1, dead=0),
        QueueStats("other", pending=1, scheduled=0, running=0, dead=0),
    ]
