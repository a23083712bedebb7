"""What is special to this queue; the promises of the port are in the contract."""

import asyncio
import math
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from asynctasq.adapters.sqlite.packing import LARGE_BYTES, PACK_BYTES
from asynctasq.adapters.sqlite.queue import MAX_LEASES, SqliteQueue
from asynctasq.domain.errors import Closed, Unavailable
from asynctasq.domain.lease import Lease
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Ack, Bury, Enqueue, Reason, Release, Retry
from asynctasq.testing import ManualClock


def message(id: str, body: bytes = b"", *, queue: str = "default", delay: float = 0) -> Message:
    return Message(id, queue, task="tasks:work", body=body, delay_seconds=delay)


async def lease(queue: SqliteQueue, *queues: str, limit: int = 10, wait: float = 0) -> Sequence[Lease]:
    return await queue.lease(queues or ("default",), limit=limit, lease_seconds=30, owner="test", wait=wait)


def test_it_shows_where_its_file_is(queue: SqliteQueue, path: Path):
    assert str(queue) == f"sqlite {path}"


def test_a_stale_token_never_fits_a_later_message(queue: SqliteQueue, runner: asyncio.Runner, clock: ManualClock):
    async def outlive_two_messages() -> tuple[Sequence[object], Sequence[object]]:
        await queue.enqueue([message("first")])
        [stale] = await lease(queue)
        clock.advance(31)
        await queue.settle([Ack(again) for again in await lease(queue)])
        await queue.enqueue([message("second")])
        [live] = await lease(queue)
        return await queue.settle([Ack(stale)]), await queue.settle([Ack(live)])

    refused, accepted = runner.run(outlive_two_messages())

    assert [refusal.reason for refusal in refused] == [Reason.LOST]
    assert accepted == []


def test_a_stale_token_stays_stale_when_its_message_is_cancelled(
    queue: SqliteQueue, runner: asyncio.Runner, clock: ManualClock
):
    async def cancel_after_the_lease() -> Sequence[object]:
        await queue.enqueue([message("1")])
        [stale] = await lease(queue)
        clock.advance(31)
        await queue.admin.cancel(["1"])
        return await queue.settle([Ack(stale)])

    assert [refusal.reason for refusal in runner.run(cancel_after_the_lease())] == [Reason.LOST]


def test_a_token_of_another_kind_is_stale(queue: SqliteQueue, runner: asyncio.Runner):
    foreign = [Lease(message("1"), token, attempt=1) for token in ("", "1", "one.two", "1.", "9" * 30 + ".1")]

    refusals = runner.run(queue.settle([Ack(each) for each in foreign]))

    assert [refusal.reason for refusal in refusals] == [Reason.LOST] * len(foreign)


def test_a_second_verdict_on_one_lease_comes_too_late(queue: SqliteQueue, runner: asyncio.Runner):
    async def settle_twice() -> Sequence[object]:
        await queue.enqueue([message("1")])
        [held] = await lease(queue)
        return await queue.settle([Release(held), Ack(held)])

    refusals = runner.run(settle_twice())

    assert [refusal.reason for refusal in refusals] == [Reason.LOST]
    assert [again.attempt for again in runner.run(lease(queue))] == [1]


def test_a_lease_may_be_extended_twice_in_one_batch(queue: SqliteQueue, runner: asyncio.Runner):
    async def extend_twice() -> Sequence[object]:
        await queue.enqueue([message("1")])
        [held] = await lease(queue)
        return await queue.extend([held, held], lease_seconds=60)

    assert runner.run(extend_twice()) == []


def test_an_id_twice_in_one_batch_is_a_duplicate_once(queue: SqliteQueue, runner: asyncio.Runner):
    refusals = runner.run(queue.enqueue([message("1", b"first"), message("1", b"second"), message("2")]))

    assert [(refusal.id, refusal.reason) for refusal in refusals] == [("1", Reason.DUPLICATE)]
    assert [held.message.body for held in runner.run(lease(queue))] == [b"first", b""]


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_a_name_that_is_no_text_is_refused_alone(queue: SqliteQueue, runner: asyncio.Runner, text: str):
    refusals = runner.run(queue.enqueue([message(text), message("good"), message("1", queue=text)]))

    assert [(refusal.id, refusal.reason) for refusal in refusals] == [(text, Reason.INVALID), ("1", Reason.INVALID)]
    assert [held.message.id for held in runner.run(lease(queue))] == ["good"]


def test_bodies_of_all_sizes_keep_to_their_messages(queue: SqliteQueue, runner: asyncio.Runner):
    sizes = [0, 1, LARGE_BYTES, PACK_BYTES, 3, LARGE_BYTES - 200, PACK_BYTES + 1, 0, 2]
    sent = {str(at): bytes([at]) * size for at, size in enumerate(sizes)}

    refusals = runner.run(queue.enqueue([message(id, body) for id, body in sent.items()]))

    assert refusals == []
    assert {held.message.id: held.message.body for held in runner.run(lease(queue))} == sent


def test_a_lease_without_measure_is_bounded(queue: SqliteQueue, runner: asyncio.Runner):
    runner.run(queue.enqueue([message(str(at)) for at in range(MAX_LEASES + 1)]))

    assert len(runner.run(lease(queue, limit=1_000_000))) == MAX_LEASES


def test_an_endless_delay_is_stored(queue: SqliteQueue, runner: asyncio.Runner):
    async def delay_without_end() -> Sequence[object]:
        await queue.enqueue([message("1"), message("2", delay=math.inf)])
        [held] = await lease(queue)
        return await queue.settle([Retry(held, delay_seconds=math.inf, error=ErrorInfo("E"))])

    assert runner.run(delay_without_end()) == []
    assert runner.run(lease(queue)) == []


def test_an_effect_that_is_already_there_hurts_nothing(queue: SqliteQueue, runner: asyncio.Runner):
    async def repeat_the_effect() -> Sequence[object]:
        await queue.enqueue([message("cause"), message("effect", queue="other")])
        [held] = await lease(queue)
        return await queue.settle([Ack(held, effects=(Enqueue(message("effect", queue="other")),))])

    assert runner.run(repeat_the_effect()) == []
    assert [held.message.id for held in runner.run(lease(queue, "default", "other"))] == ["effect"]


def test_text_that_somebody_else_wrote_wrong_is_leased_and_buried(
    queue: SqliteQueue, runner: asyncio.Runner, path: Path
):
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute(
            "INSERT INTO message (id, queue, state, priority, due, header, body)"
            " VALUES (CAST(x'ff00fe' AS TEXT), 'default', 'ready', 0, 0, x'ff', x'')"
        )

    async def bury() -> Sequence[object]:
        [held] = await lease(queue)
        assert held.defect
        return await queue.settle([Bury(held, error=ErrorInfo("Undecodable"))])

    assert runner.run(bury()) == []
    assert [stats.dead for stats in runner.run(queue.admin.stats())] == [1]


def test_a_waiting_lease_ends_with_its_queue(queue: SqliteQueue, runner: asyncio.Runner):
    async def close_meanwhile() -> None:
        call = asyncio.create_task(lease(queue, wait=60))
        await asyncio.sleep(0)
        await queue.close()
        await call

    with pytest.raises(Closed):
        runner.run(close_meanwhile())


def test_a_waiting_lease_notices_that_its_file_is_gone(queue: SqliteQueue, runner: asyncio.Runner, path: Path):
    async def delete_meanwhile() -> None:
        call = asyncio.create_task(lease(queue, wait=60))
        asyncio.get_running_loop().call_soon(path.unlink)
        await call

    with pytest.raises(Unavailable, match="deleted or replaced"):
        runner.run(delete_meanwhile())


def test_settling_is_all_or_nothing(queue: SqliteQueue, runner: asyncio.Runner):
    async def fail_halfway() -> None:
        await queue.enqueue([message("1"), message("2")])
        first, second = await lease(queue)
        queue._connection.at_once(lambda raw: raw.execute("PRAGMA max_page_count = 1"))
        effect = Enqueue(message("effect", bytes(100_000), queue="other"))
        with pytest.raises(Unavailable):
            await queue.settle([Ack(first, effects=(effect,)), Release(second)])
        queue._connection.at_once(lambda raw: raw.execute("PRAGMA max_page_count = 1000000"))
        assert await queue.settle([Ack(first), Ack(second)]) == []

    runner.run(fail_halfway())
