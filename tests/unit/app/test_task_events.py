"""The life of a task and of a worker, as whoever listens hears it."""

import asyncio
import time
from contextlib import asynccontextmanager
from functools import cache

import pytest
from dependency_injector import providers

from asynctasq import Container, RetryIn, Settings, Snooze, task
from asynctasq.container import build
from asynctasq.domain.errors import ConfigurationError
from asynctasq.domain.events import EventKind
from asynctasq.ports.events import EventSink
from tests.unit.app.running import drain, until

waiting: list[asyncio.Event] = []


class Ear(EventSink):
    def __init__(self):
        self.events = []

    async def open(self):
        pass

    async def close(self):
        pass

    async def ping(self):
        pass

    async def publish(self, events):
        self.events += events

    def of(self, id):
        return [event.kind.value.removeprefix("task_") for event in self.events if event.subject == id]

    def one(self, kind, id):
        [event] = [event for event in self.events if event.kind is kind and event.subject == id]
        return event


@task(queue="orders", correlation_id="order-7")
async def ship():
    pass


@task(max_attempts=2)
async def fail_once(flag=[]):  # noqa: B006 - it remembers
    flag.append(1)
    if len(flag) == 1:
        raise RetryIn(0)


@task(max_attempts=1)
async def fail():
    raise ValueError("x" * 5000)


@task
async def snooze():
    raise Snooze(60)


@task
async def hang():
    waiting[0].set()
    await asyncio.Event().wait()


@asynccontextmanager
async def listening(**worker):
    ear = Ear()
    settings = Settings.load({"driver": "memory", "worker": worker})
    container = Container(settings=providers.Object(settings), event_sinks=providers.Object([ear]))
    async with container.application() as app:
        yield app, ear


@cache
def everything():
    """What was heard of one worker's day, and the ids of its tasks by name."""
    calls = {"ship": ship(), "fail_once": fail_once(), "fail": fail(), "snooze": snooze()}

    async def main():
        async with listening() as (app, ear):
            ids = await drain(app, *calls.values())
        return ear, dict(zip(calls, ids, strict=True))

    return asyncio.run(main())


def heard(name):
    ear, ids = everything()
    return ear, ids[name]


def test_a_task_that_succeeds_is_enqueued_started_and_succeeded():
    ear, id = heard("ship")

    assert ear.of(id) == ["enqueued", "started", "succeeded"]
    done = ear.one(EventKind.TASK_SUCCEEDED, id)
    assert time.time() - 3600 < done.at <= time.time()
    assert done.fields["duration_seconds"] >= 0
    facts = {name: value for name, value in done.fields.items() if name not in ("duration_seconds", "dispatched_at")}
    [worker] = {event.subject for event in ear.events if event.kind is EventKind.WORKER_ONLINE}
    assert facts == {
        "task": f"{__name__}:ship",
        "queue": "orders",
        "attempt": 1,
        "worker": worker,
        "correlation_id": "order-7",
    }


def test_a_worker_is_online_before_its_first_task_and_offline_after_its_last():
    ear, _ = heard("ship")

    told = [event.kind for event in ear.events if event.kind is not EventKind.TASK_ENQUEUED]
    assert (told[0], told[-1]) == (EventKind.WORKER_ONLINE, EventKind.WORKER_OFFLINE)
    assert [kind.subject_name for kind in told].count("worker") == 2


def test_a_retry_says_when_and_why():
    ear, id = heard("fail_once")

    assert ear.of(id) == ["enqueued", "started", "retried", "started", "succeeded"]
    retried = ear.one(EventKind.TASK_RETRIED, id).fields
    assert (retried["attempt"], retried["delay_seconds"]) == (1, 0)
    assert retried["error_kind"].endswith("RetryIn")


def test_a_dead_task_says_why_and_not_at_length():
    ear, id = heard("fail")

    assert ear.of(id) == ["enqueued", "started", "dead"]
    dead = ear.one(EventKind.TASK_DEAD, id).fields
    assert (dead["error_kind"], dead["error_message"]) == ("ValueError", "x" * 1000)


def test_a_snoozed_task_is_released():
    ear, id = heard("snooze")

    assert ear.of(id) == ["enqueued", "started", "released"]
    assert ear.one(EventKind.TASK_RELEASED, id).fields["delay_seconds"] == 60


def interrupted(interrupt):
    async def main():
        waiting[:] = [asyncio.Event()]
        async with listening(shutdown_timeout=0, lease_seconds=1) as (app, ear):
            id = await app.dispatcher.dispatch(hang())
            worker = app.worker()
            running = asyncio.create_task(worker.run())
            await waiting[0].wait()
            await interrupt(app, id, ear)
            worker.stop()
            await running
        return ear.of(id)

    return asyncio.run(main())


def test_a_task_that_its_worker_stopped_is_released():
    async def leave(app, id, ear):
        pass

    assert interrupted(leave) == ["enqueued", "started", "released"]


def test_a_task_that_was_cancelled_while_it_ran_is_cancelled():
    async def cancel(app, id, ear):
        assert await app.monitor.cancel([id]) == []

        async def told():
            return "cancelled" in ear.of(id)

        await until(told)

    assert interrupted(cancel) == ["enqueued", "started", "cancelled"]


def test_without_a_listener_nothing_is_made_into_events():
    async def main():
        async with build({"driver": "memory"}) as app:
            return app.events.on, app.worker()._journal._events

    assert asyncio.run(main()) == (False, None)


def names(settings):
    container = Container(settings=providers.Object(Settings.load(settings, environ={}, dotenv=None)))
    return [type(sink).__name__ for sink in container.event_sinks()]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, []),
        ({"events": {"redis_url": "redis://localhost"}}, []),
        ({"events": {"enable_event_emitter_redis": True}}, ["RedisEventSink"]),
        ({"events": {"enable_all": True}}, ["LogEventSink"]),
        ({"events": {"enable_all": True, "redis_url": "redis://localhost"}}, ["LogEventSink", "RedisEventSink"]),
        ({"events": {"enable_all": True}, "driver": "redis"}, ["LogEventSink", "RedisEventSink"]),
    ],
)
def test_settings_say_which_sinks_there_are(settings, expected):
    assert names(settings) == expected


def test_a_driver_without_a_history_refuses_to_keep_completed_tasks():
    with pytest.raises(ConfigurationError, match=r"keep_completed_tasks: driver 'sqs' has no history; those that have"):
        build({"driver": "sqs", "repository": {"keep_completed_tasks": True}})
