"""Promises about clients: two of them see one queue, and what their own clocks say does not matter."""

import time
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Ack, Retry
from asynctasq.testing.contracts.promise import Contract, promise
from asynctasq.testing.contracts.stage import Stage, ids, put

HOUR = 3600.0


class ClientsContract(Contract):
    @promise(14)
    async def test_two_clients_on_one_storage_see_one_queue(self, stage: Stage) -> None:
        one, two = await stage.client(), await stage.client()
        first, second = stage.message(), stage.message()

        await put(one, first)
        await put(two, second)
        leases = [*await stage.lease(one, limit=1), *await stage.lease(two, limit=1)]

        assert sorted(ids(leases)) == sorted([first.id, second.id])
        assert list(await stage.lease(one)) == []

    @promise(14)
    async def test_a_client_that_waits_hears_of_what_another_enqueues(self, stage: Stage) -> None:
        waiting, other = await stage.client(), await stage.client()
        message = stage.message()

        call = await stage.begin(stage.lease(waiting, wait=10))
        await put(other, message)

        assert ids(await stage.answer(call)) == [message.id]

    @promise(14, needs=("leases_expire",))
    async def test_a_lease_can_be_settled_through_another_client(self, stage: Stage) -> None:
        one, two = await stage.client(), await stage.client()

        await put(one, stage.message())
        leases = await stage.lease(one)
        refusals = await two.settle([Ack(lease) for lease in leases])

        assert len(leases) == 1
        assert list(refusals) == []

    @promise(14)
    async def test_what_a_closed_client_enqueued_is_still_there(self, stage: Stage) -> None:
        one, two = await stage.client(), await stage.client()
        message = stage.message()

        await put(one, message)
        await one.close()

        assert ids(await stage.lease(two)) == [message.id]

    @promise(21)
    async def test_a_client_whose_clock_is_an_hour_ahead_changes_nothing(self, stage: Stage) -> None:
        await _change_nothing(stage, shift=HOUR)

    @promise(21)
    async def test_a_client_whose_clock_is_an_hour_behind_changes_nothing(self, stage: Stage) -> None:
        await _change_nothing(stage, shift=-HOUR)

    @promise(21, needs=("leases_expire",))
    async def test_a_lease_of_a_client_whose_clock_is_an_hour_ahead_ends_in_time(self, stage: Stage) -> None:
        await _end_in_time(stage, shift=HOUR)

    @promise(21, needs=("leases_expire",))
    async def test_a_lease_of_a_client_whose_clock_is_an_hour_behind_ends_in_time(self, stage: Stage) -> None:
        await _end_in_time(stage, shift=-HOUR)


async def _change_nothing(stage: Stage, *, shift: float) -> None:
    wrong, right = await stage.client(), await stage.client()
    delayed, retried = stage.message(delay=4), stage.message("two")

    with _wall_clock_off_by(shift):
        await put(wrong, delayed, retried)
        [lease] = await stage.lease(wrong, "two")
        await wrong.settle([Retry(lease, delay_seconds=4 * stage.unit, error=ErrorInfo("E"))])
    await stage.advance(2)
    early = list(await stage.lease(right, "one", "two"))
    await stage.advance(3)

    assert early == []
    assert sorted(ids(await stage.lease(right, "one", "two"))) == sorted([delayed.id, retried.id])


async def _end_in_time(stage: Stage, *, shift: float) -> None:
    wrong, right = await stage.client(), await stage.client()

    await put(right, stage.message(), stage.message())
    with _wall_clock_off_by(shift):
        extended, _ = await stage.lease(wrong, lasts=4)
        await wrong.extend([extended], lease_seconds=8 * stage.unit)
    counts: list[int] = []
    for units in (2, 3, 1, 3):
        await stage.advance(units)
        await put(right)
        counts.append(len(await stage.lease(right, lasts=100)))

    assert counts == [0, 1, 0, 1]


@contextmanager
def _wall_clock_off_by(seconds: float) -> Generator[None]:
    """Move `time.time` and `time.time_ns`. Loops and threads go by the monotonic clock, which has no hour to be off."""
    right, right_ns = time.time, time.time_ns
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: right() + seconds)
        patch.setattr(time, "time_ns", lambda: right_ns() + int(seconds * 1e9))
        yield
