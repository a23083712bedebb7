"""What every history of completed tasks does, whatever it is made of."""

import asyncio
import time
import uuid

import pytest
from attrs import evolve
from redis.asyncio import Redis

from asynctasq.adapters.memory.history import MemoryHistory
from asynctasq.adapters.redis.history import RedisHistory
from asynctasq.adapters.sqlite.history import SqliteHistory
from asynctasq.domain.errors import Closed, Unavailable
from asynctasq.domain.record import TaskRecord
from tests import servers
from tests.unit.app.running import until

KINDS = ["memory", "sqlite", pytest.param("redis", marks=pytest.mark.broker("redis"))]


def record(id="id-1", **changes):
    made = TaskRecord(
        id=id,
        task="shop:ship",
        queue="orders",
        attempt=2,
        finished_at=time.time(),
        duration_seconds=0.25,
        worker="host:1",
        correlation_id="order-\N{SNOWMAN}",
        dispatched_at="2026-01-02T03:04:05+00:00",
    )
    return evolve(made, **changes)


@pytest.fixture(params=KINDS)
def make(request, tmp_path):
    """Makes a history of one kind; what several of them make is one storage, but in memory."""
    prefix = f"test-history-{uuid.uuid4().hex}"

    def one(**limits):
        match request.param:
            case "memory":
                return MemoryHistory(**limits)
            case "sqlite":
                return SqliteHistory(tmp_path / "folder" / "queue.db", **limits)
            case _:
                return RedisHistory(servers.URLS["redis"], prefix=prefix, **limits)

    one.kind = request.param
    yield one
    if request.param == "redis":
        asyncio.run(_clean(prefix))


async def _clean(prefix):
    async with Redis.from_url(servers.URLS["redis"]) as client:
        async for key in client.scan_iter(match=f"{{{prefix}}}*", count=1000):
            await client.delete(key)


def found(history, records, *ids):
    async def main():
        await history.open()
        for batch in records:
            await history.append(batch)
        answers = [await history.find(id) for id in ids]
        await history.close()
        return answers

    return asyncio.run(main())


def test_a_record_comes_back_as_it_was(make):
    given = [record("a"), record("b", correlation_id=None, dispatched_at=None)]

    assert found(make(), [given], "a", "b", "c") == [*given, None]


def test_a_later_record_takes_the_place_of_the_earlier_one(make):
    again = record("a", attempt=3)

    assert found(make(), [[record("a")], [again]], "a") == [again]


def test_only_the_latest_are_kept(make):
    history = make(keep_count=3)
    batches = [[record(str(number), finished_at=time.time() + number)] for number in range(10)]

    answers = found(history, batches, *map(str, range(10)))

    assert [answer is not None for answer in answers] == [False] * 7 + [True] * 3


def test_a_batch_beyond_the_count_is_cut(make):
    batch = [record(str(number), finished_at=time.time() + number) for number in range(10)]

    answers = found(make(keep_count=3), [batch], *map(str, range(10)))

    assert sum(answer is not None for answer in answers) == 3


def test_what_is_too_old_is_forgotten(make):
    history = make(keep_seconds=0.001)

    async def main():
        await history.open()
        await history.append([record("a")])

        async def forgotten():
            return await history.find("a") is None

        await until(forgotten)
        await history.close()

    asyncio.run(asyncio.wait_for(main(), 10))


def test_it_opens_twice_and_closes_twice_and_then_it_is_closed(make):
    async def main():
        history = make()
        await history.open()
        await history.open()
        await history.ping()
        await history.close()
        await history.close()
        with pytest.raises(Closed):
            await history.find("a")

    asyncio.run(main())


def test_another_process_finds_what_is_kept(make):
    if make.kind == "memory":
        pytest.skip("in memory there is one process")
    found(make(), [[record("a")]])

    assert found(make(), [], "a")[0].task == "shop:ship"


def test_a_file_that_cannot_be_used_is_unavailable(tmp_path):
    (tmp_path / "queue.history.db").write_text("no database at all")

    with pytest.raises(Unavailable, match=r"queue\.history\.db"):
        asyncio.run(SqliteHistory(tmp_path / "queue.db").open())


def test_a_server_that_is_not_there_is_unavailable():
    with pytest.raises(Unavailable, match="gave no answer"):
        asyncio.run(RedisHistory("redis://127.0.0.1:1").open())
