"""Events on a channel, as whoever subscribed hears them."""

import asyncio
import json
import uuid
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from asynctasq.adapters.redis.events import RedisEventSink
from asynctasq.domain.errors import Closed, Unavailable
from asynctasq.domain.events import Event, EventKind
from tests import servers

pytestmark = pytest.mark.broker("redis")


@asynccontextmanager
async def subscribed():
    channel = f"test-events-{uuid.uuid4().hex}"
    sink = RedisEventSink(servers.URLS["redis"], channel=channel)
    async with Redis.from_url(servers.URLS["redis"]) as client, client.pubsub() as ear:
        await ear.subscribe(channel)
        await ear.get_message(timeout=5)
        await sink.open()
        yield sink, ear
        await sink.close()


async def heard(ear):
    message = await ear.get_message(ignore_subscribe_messages=True, timeout=5)
    return json.loads(message["data"])


def test_each_event_is_one_json_object_on_the_channel():
    async def main():
        async with subscribed() as (sink, ear):
            await sink.publish(
                [
                    Event(EventKind.TASK_STARTED, "id-1", at=1.5, fields={"task": "shop:ship", "attempt": 1}),
                    Event(EventKind.WORKER_ONLINE, "host:1", at=2.0, fields={"concurrency": 10}),
                ]
            )
            return [await heard(ear), await heard(ear)]

    assert asyncio.run(main()) == [
        {
            "event": "task_started",
            "task_id": "id-1",
            "at": "1970-01-01T00:00:01.500000+00:00",
            "task": "shop:ship",
            "attempt": 1,
        },
        {"event": "worker_online", "worker": "host:1", "at": "1970-01-01T00:00:02+00:00", "concurrency": 10},
    ]


def test_what_the_server_does_not_take_is_dropped_and_counted(caplog):
    event = Event(EventKind.TASK_STARTED, "id-1", at=1.5)

    async def main():
        async with subscribed() as (sink, ear):
            there = sink._server._client
            sink._server._client = Redis.from_url("redis://127.0.0.1:1")
            await sink.publish([event, event])
            await sink.publish([event])
            sink._server._client = there
            await sink.publish([event])
            return await heard(ear)

    assert asyncio.run(main())["task_id"] == "id-1"
    away, back = [record.getMessage() for record in caplog.records]
    assert away.startswith("events are dropped: ")
    assert back.endswith("is back, 3 events were dropped")


def test_a_server_that_is_not_there_does_not_open():
    with pytest.raises(Unavailable, match="redis channel here gave no answer"):
        asyncio.run(RedisEventSink("redis://127.0.0.1:1", channel="here").open())


def test_after_its_close_it_is_closed():
    async def main():
        sink = RedisEventSink(servers.URLS["redis"])
        await sink.open()
        await sink.close()
        await sink.close()
        with pytest.raises(Closed):
            await sink.open()

    asyncio.run(main())
