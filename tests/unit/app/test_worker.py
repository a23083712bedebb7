"""A worker takes what it has slots for, renews what runs, and leaves gracefully."""

import asyncio
import logging
import threading

import pytest
from attrs import evolve

from asynctasq import task
from asynctasq.domain.lifecycle import State
from tests.unit.app.running import application, drain, drained, until

gate: dict[str, asyncio.Event] = {}
thread_gate = threading.Event()
seen: list[object] = []


@pytest.fixture(autouse=True)
def fresh():
    gate.clear()
    seen.clear()
    thread_gate.clear()


@task
async def wait_for_gate(name):
    started = gate.setdefault(f"{name} started", asyncio.Event())
    started.set()
    try:
        await gate.setdefault(name, asyncio.Event()).wait()
    except asyncio.CancelledError:
        seen.append("cancelled")
        raise
    seen.append(name)


@task
async def note(value):
    seen.append(value)


@task
async def stubborn():
    gate.setdefault("stubborn", asyncio.Event()).set()
    while "enough" not in gate:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")


@task
async def end_slowly():
    gate.setdefault("end started", asyncio.Event()).set()
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        seen.append("cancelled")
        await gate["end"].wait()
        raise


@task(queue="threads")
def wait_in_a_thread():
    thread_gate.wait(30)
    seen.append("thread")


@task(timeout=0.05, max_attempts=1)
def outlast_the_timeout():
    thread_gate.wait(30)


async def until_state(app, id, state):
    async def reached():
        return (await app.monitor.get(id)).state is state

    await until(reached)


async def until_seen(count):
    async def enough():
        return len(seen) >= count

    await until(enough)


async def started(name):
    await gate.setdefault(f"{name} started", asyncio.Event()).wait()


def test_a_stop_lets_running_tasks_finish():
    async def main():
        async with application() as app:
            id = await app.dispatcher.dispatch(wait_for_gate("a"))
            worker = app.worker()
            running = asyncio.create_task(worker.run())
            await started("a")
            worker.stop()
            gate["a"].set()
            await running
            return await app.monitor.get(id)

    assert asyncio.run(main()) is None
    assert seen == ["a"]


def test_a_second_stop_cancels_and_gives_the_attempt_back():
    async def main():
        async with application() as app:
            id = await app.dispatcher.dispatch(wait_for_gate("a"))
            worker = app.worker()
            running = asyncio.create_task(worker.run())
            await started("a")
            worker.stop()
            worker.stop()
            await running
            return await app.monitor.get(id)

    view = asyncio.run(main())

    assert (view.state, view.attempt) == (State.PENDING, 0)
    assert seen == ["cancelled"]


def test_a_third_stop_does_not_cut_short_what_is_being_cancelled():
    async def main():
        async with application() as app:
            gate["end"] = asyncio.Event()
            id = await app.dispatcher.dispatch(end_slowly())
            worker = app.worker()
            running = asyncio.create_task(worker.run())
            await started("end")
            worker.stop()
            worker.stop()
            await until_seen(1)
            worker.stop()
            for _ in range(10):
                await asyncio.sleep(0)
            gate["end"].set()
            await running
            return await app.monitor.get(id)

    view = asyncio.run(main())

    assert (view.state, view.attempt) == (State.PENDING, 0)


def test_stops_of_a_worker_that_has_stopped_disturb_nobody(caplog):
    async def main():
        async with application() as app:
            worker = app.worker(burst=True)
            await worker.run()
            worker.stop()
            worker.stop()
            await asyncio.sleep(0)

    asyncio.run(main())

    assert caplog.text == ""


def test_cancelling_run_gives_everything_back():
    async def main():
        async with application() as app:
            id = await app.dispatcher.dispatch(wait_for_gate("a"))
            running = asyncio.create_task(app.worker().run())
            await started("a")
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            return await app.monitor.get(id)

    view = asyncio.run(main())

    assert (view.state, view.attempt) == (State.PENDING, 0)


def test_a_process_that_leaves_gives_back_what_does_not_stop():
    async def main():
        async with application(shutdown_timeout=0) as app:
            id = await app.dispatcher.dispatch(stubborn())
            worker = app.worker(leave=lambda: None)
            running = asyncio.create_task(worker.run())
            gate.setdefault("stubborn", asyncio.Event())
            await gate["stubborn"].wait()
            worker.stop()
            await running
            view = await app.monitor.get(id)
            gate["enough"] = asyncio.Event()
            return view

    view = asyncio.run(main())

    assert (view.state, view.attempt) == (State.PENDING, 0)
    assert "cancelled" in seen


def test_a_thread_that_cannot_be_stopped_keeps_its_lease_in_a_host_that_lives_on():
    async def main():
        async with application(shutdown_timeout=0) as app:
            id = await app.dispatcher.dispatch(wait_in_a_thread())
            worker = app.worker()
            running = asyncio.create_task(worker.run())
            await until_state(app, id, State.RUNNING)
            worker.stop()
            await running
            view = await app.monitor.get(id)
            thread_gate.set()
            await until_seen(1)
            return view

    assert asyncio.run(main()).state is State.RUNNING
    assert seen == ["thread"]


def test_a_thread_past_its_timeout_keeps_its_slot():
    async def main():
        async with application(concurrency=1) as app:
            late = await app.dispatcher.dispatch(outlast_the_timeout())
            await app.dispatcher.dispatch(note("next"))
            worker = app.worker()
            running = asyncio.create_task(worker.run())
            await until_state(app, late, State.DEAD)
            before = list(seen)
            thread_gate.set()
            await until_seen(1)
            worker.stop()
            await running
            return before

    assert asyncio.run(main()) == []
    assert seen == ["next"]


def test_a_cancelled_task_is_stopped_at_its_next_renewal():
    async def main():
        async with application(lease_seconds=1) as app:
            id = await app.dispatcher.dispatch(wait_for_gate("a"))
            worker = app.worker()
            running = asyncio.create_task(worker.run())
            await started("a")
            assert not await app.monitor.cancel([id])
            await until_seen(1)
            worker.stop()
            await running
            return await app.monitor.get(id)

    assert asyncio.run(main()).state is State.CANCELLED
    assert seen == ["cancelled"]


def test_named_queues_are_served_in_their_order():
    async def main():
        async with application(concurrency=1) as app:
            for queue in ("low", "high", "low", "high"):
                await app.dispatcher.dispatch(note(queue).on_queue(queue))
            await app.worker(queues=["high", "low"], burst=True).run()

    asyncio.run(main())

    assert seen == ["high", "high", "low", "low"]


def test_a_worker_without_names_serves_every_queue_that_holds_messages():
    async def main():
        async with application() as app:
            await drain(app, note("somewhere").on_queue("nobody-named-it"))

    asyncio.run(main())

    assert seen == ["somewhere"]


def test_what_crashed_last_time_runs_alone():
    """The neighbours of a suspect are back on the queue before it starts."""

    async def main():
        async with application(concurrency=3) as app:
            suspect = await app.dispatcher.dispatch(wait_for_gate("suspect"))
            queue = await app.broker.call(app.routes.queue)
            await app.broker.call(crash_one, queue)
            ids = [await app.dispatcher.dispatch(note(n)) for n in range(2)]
            worker = app.worker()
            running = asyncio.create_task(worker.run())
            await started("suspect")
            states = [(await app.monitor.get(id)).state for id in (suspect, *ids)]
            before = list(seen)
            gate["suspect"].set()
            await until_seen(3)
            worker.stop()
            await running
            return states, before

    states, before = asyncio.run(main())

    assert states == [State.RUNNING, State.PENDING, State.PENDING]
    assert before == []
    assert seen[0] == "suspect"


async def crash_one(queue):
    """Lease the one message there is for no time at all, as a worker that dies does."""
    [lease] = await queue.lease(["default"], limit=1, lease_seconds=30, owner="victim")
    await queue.extend([lease], lease_seconds=0)


def test_no_more_is_leased_than_there_are_slots():
    async def main():
        async with application(concurrency=2) as app:
            ids = [await app.dispatcher.dispatch(wait_for_gate(name)) for name in "abc"]
            worker = app.worker()
            running = asyncio.create_task(worker.run())
            await started("a")
            await started("b")
            states = [(await app.monitor.get(id)).state for id in ids]
            for name in "abc":
                gate.setdefault(name, asyncio.Event()).set()
            await until_seen(3)
            worker.stop()
            await running
            return states

    assert asyncio.run(main()) == [State.RUNNING, State.RUNNING, State.PENDING]


def test_an_error_of_ours_names_the_task_once(caplog):
    caplog.set_level(logging.WARNING, logger="asynctasq")
    name = "tests.unit.app.test_worker:from_tomorrow"
    calls = [note(n) for n in range(3)]
    definition = calls[0]._asynctasq.definition
    for call in calls:
        call._asynctasq.definition = evolve(definition, name=name)

    views = drained(*calls)

    assert [view.state for view in views] == [State.SCHEDULED] * 3
    assert caplog.text.count("a newer worker may") == 1


def test_a_worker_that_is_stopped_before_it_runs_does_not_run():
    async def main():
        async with application() as app:
            id = await app.dispatcher.dispatch(note("never"))
            worker = app.worker()
            worker.stop()
            await worker.run()
            return await app.monitor.get(id)

    assert asyncio.run(main()).state is State.PENDING
