"""Outcomes outlive an outage of the broker and a batch that the broker will not have."""

import asyncio
import time

import pytest

from asynctasq.adapters.memory.queue import MemoryQueue
from asynctasq.adapters.memory.storage import MemoryStorage
from asynctasq.app.keeper import Keeper
from asynctasq.app.settler import Settler
from asynctasq.domain.errors import Unavailable
from asynctasq.domain.lifecycle import State
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Ack, Reason, Retry
from asynctasq.testing import ManualClock


class Flaky(MemoryQueue):
    """Gives no answer to the next `outages` settlements, and rejects every batch with a poisonous error text.

    The next `faults` calls raise what no queue should.
    """

    outages = 0
    faults = 0
    calls = 0

    def fail(self):
        if self.faults:
            self.faults -= 1
            raise RuntimeError("the handler is closed")

    async def extend(self, leases, *, lease_seconds):
        self.fail()
        return await super().extend(leases, lease_seconds=lease_seconds)

    async def settle(self, verdicts):
        self.calls += 1
        self.fail()
        if self.outages:
            self.outages -= 1
            raise Unavailable("nobody there")
        if any(isinstance(verdict, Retry) and "poison" in verdict.error.message for verdict in verdicts):
            raise ValueError("the broker's client cannot encode this")
        return await super().settle(verdicts)


class Scene:
    """A settler with its queue, and what came out of it."""

    def __init__(self):
        self.clock = ManualClock()
        self.queue = Flaky(MemoryStorage(), self.clock)
        self.keeper = Keeper(self.queue, lease_seconds=30, on_lost=lambda _: None)
        self.settled = []
        self.settler = Settler(self.queue, self.keeper, on_settled=self.settled.extend)

    async def lease(self, count=1, *, held_since=0.0):
        await self.queue.enqueue([Message(f"id-{n}", "q", task="m:t", body=b"") for n in range(count)])
        return await self.lease_again(count, held_since=held_since)

    async def lease_again(self, count=1, *, held_since=0.0):
        leases = await self.queue.lease(["q"], limit=count, lease_seconds=30, owner="w")
        self.keeper.hold(leases, since=time.monotonic() + held_since)
        return leases

    async def settle(self, *verdicts):
        self.settler.put(verdicts)
        await self.settler.flush()


@pytest.fixture
def play():
    def run(test):
        async def main():
            scene = Scene()
            await scene.queue.open()
            await test(scene)
            await scene.queue.close()

        asyncio.run(main())

    return run


def retry(lease, text="no"):
    return Retry(lease, delay_seconds=1, error=ErrorInfo("ValueError", text))


def test_verdicts_that_gather_during_a_settlement_go_in_one_call(play):
    async def test(scene):
        leases = await scene.lease(10)
        for lease in leases:
            scene.settler.put([Ack(lease)])
        await scene.settler.flush()

        assert scene.queue.calls == 1
        assert [refusal for _, refusal in scene.settled] == [None] * 10

    play(test)


def test_an_outcome_waits_for_the_broker_and_is_settled_once(play):
    async def test(scene):
        [lease] = await scene.lease()
        scene.queue.outages = 2
        await scene.settle(Ack(lease))

        assert scene.queue.calls == 3
        assert scene.settled == [(Ack(lease), None)]

    play(test)


def test_past_the_end_of_its_lease_an_outcome_is_not_sent(play):
    async def test(scene):
        [lease] = await scene.lease(held_since=-31)
        await scene.settle(Ack(lease))

        assert scene.queue.calls == 0
        assert scene.settled[0][1].reason is Reason.LOST

    play(test)


def test_a_finished_message_that_comes_back_is_settled_and_not_run_again(play):
    async def test(scene):
        [lease] = await scene.lease()
        scene.clock.advance(31)
        await scene.settle(Ack(lease))
        assert scene.settled[0][1].reason is Reason.LOST

        assert not scene.settler.reclaim(await scene.lease_again())
        await scene.settler.flush()

        assert scene.settled[1][1] is None
        assert not await scene.queue.admin.fetch(["id-0"])

    play(test)


def test_a_finished_message_that_somebody_started_meanwhile_is_run_again(play):
    async def test(scene):
        [lease] = await scene.lease()
        scene.clock.advance(31)
        await scene.settle(Ack(lease))
        await scene.queue.lease(["q"], limit=1, lease_seconds=30, owner="somebody else")
        scene.clock.advance(31)

        again = await scene.lease_again()

        assert scene.settler.reclaim(again) == again

    play(test)


def test_one_outcome_that_cannot_be_stored_is_buried_alone(play):
    async def test(scene):
        leases = await scene.lease(5)
        await scene.settle(*[retry(lease, "poison" if n == 3 else "fine") for n, lease in enumerate(leases)])

        views = await scene.queue.admin.fetch([lease.message.id for lease in leases])

        assert [view.state for view in views].count(State.DEAD) == 1
        assert views[3].error.kind == "Unstorable"
        assert [view.state for view in views].count(State.SCHEDULED) == 4

    play(test)


def test_a_queue_that_fails_for_another_reason_buries_nothing(play):
    async def test(scene):
        [lease] = await scene.lease()
        scene.queue.faults = 2
        await scene.settle(Ack(lease))

        assert scene.settled == [(Ack(lease), None)]
        assert not await scene.queue.admin.fetch(["id-0"])

    play(test)
