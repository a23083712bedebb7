"""What is leased is held for as long as the queue leases it, and never more than there are slots."""

import asyncio

from asynctasq.adapters.memory.queue import MemoryQueue
from asynctasq.app.intake import Intake
from asynctasq.app.keeper import Keeper
from asynctasq.app.options import WorkerOptions
from asynctasq.app.queue_names import QueueNames
from asynctasq.app.seats import Seats
from asynctasq.app.settler import Settler
from asynctasq.domain.lifecycle import State
from asynctasq.domain.message import Message
from asynctasq.domain.verdict import Ack


class Noting(MemoryQueue):
    """Remembers how long it was asked to wait and to extend."""

    def __init__(self):
        super().__init__()
        self.waits = []
        self.limits = []
        self.extensions = []
        self.answer_seconds = 0.0
        self.faulty = False

    async def lease(self, queues, *, limit, lease_seconds, owner, wait=0.0):
        self.waits.append(wait)
        self.limits.append(limit)
        leases = await super().lease(queues, limit=limit, lease_seconds=lease_seconds, owner=owner, wait=wait)
        await asyncio.sleep(self.answer_seconds)
        return leases

    async def extend(self, leases, *, lease_seconds):
        self.extensions.append(lease_seconds)
        if self.faulty:
            raise RuntimeError("the handler is closed")
        return await super().extend(leases, lease_seconds=lease_seconds)


class Stage:
    """An intake at work; what it hands out stays in `begun`."""

    def __init__(self, **options):
        self.begun = []
        self.some_begun = asyncio.Event()
        self.deaf = False
        self.queue = Noting()
        chosen = WorkerOptions(**options)
        keeper = Keeper(self.queue, lease_seconds=chosen.lease_seconds, on_lost=lambda lost: None)
        self.settler = Settler(self.queue, keeper, on_settled=self.settled)
        names = QueueNames(self.queue, ["default"], list)
        seats = Seats(1, chosen.concurrency, in_child=lambda task: task == "in a child")
        self.intake = Intake(self.queue, keeper, self.settler, names, seats, options=chosen, on_leased=self.hear)

    async def __aenter__(self):
        self.running = asyncio.create_task(self.intake.run())
        return self

    async def __aexit__(self, *_):
        self.intake.stop()
        await self.running
        await self.settler.flush()
        await self.queue.close()

    def hear(self, leases, seated):
        if self.deaf:
            raise RuntimeError("Event loop is closed")
        self.begun += leases
        self.some_begun.set()

    def settled(self, settled):
        self.intake.settled(settled)

    def ack(self, lease):
        self.settler.put([Ack(lease)])

    async def put(self, *ids, task="t", **headers):
        await self.queue.enqueue([Message(id, "default", task=task, body=b"", headers=headers) for id in ids])

    @property
    def ids(self):
        return [lease.message.id for lease in self.begun]


async def settle_down():
    """Let everything happen that needs no time."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_a_call_waits_no_longer_than_a_lease_that_counts_from_its_beginning_can_bear():
    async def main():
        async with Stage(lease_seconds=30.0) as patient, Stage(lease_seconds=1.5) as hasty:
            await settle_down()
            assert (patient.queue.waits, hasty.queue.waits) == ([5.0], [0.5])

    asyncio.run(main())


def test_a_task_that_wants_to_be_recovered_soon_gets_a_shorter_lease():
    async def main():
        async with Stage(lease_seconds=30.0) as stage:
            await stage.put("soon", visibility_timeout="3.0")
            await stage.put("usual")
            await settle_down()
            lengths = {lease.message.id: lease.lease_seconds for lease in stage.begun}
            assert lengths == {"soon": 3.0, "usual": 30.0}
            assert stage.queue.extensions == [3.0]

    asyncio.run(main())


def test_a_settlement_frees_its_slot_for_the_next_lease():
    async def main():
        async with Stage(concurrency=1) as stage:
            await stage.put("a", "b")
            await settle_down()
            before = stage.ids
            stage.ack(stage.begun[0])
            await settle_down()
            assert (before, stage.ids) == (["a"], ["a", "b"])

    asyncio.run(main())


def test_a_slot_that_lingers_is_free_only_once_it_is_vacated():
    async def main():
        async with Stage(concurrency=1) as stage:
            await stage.put("a", "b")
            await settle_down()
            stage.intake.linger([stage.begun[0].token])
            stage.ack(stage.begun[0])
            await settle_down()
            before = stage.ids
            stage.intake.vacate()
            await settle_down()
            assert (before, stage.ids) == (["a"], ["a", "b"])

    asyncio.run(main())


def test_what_nobody_is_left_to_run_goes_back():
    async def main():
        async with Stage() as stage:
            stage.deaf = True
            await stage.put("a", "b")
            await settle_down()
            [*views] = await stage.queue.admin.fetch(["a", "b"])
            assert [(view.state, view.attempt) for view in views] == [(State.PENDING, 0)] * 2

    asyncio.run(main())


def test_a_lease_that_a_slow_answer_has_left_little_of_is_renewed_before_its_task_begins():
    async def main():
        async with Stage(lease_seconds=1.0) as stage:
            stage.queue.answer_seconds = 0.6
            await stage.put("a")
            async with asyncio.timeout(10):
                await stage.some_begun.wait()
            assert stage.queue.extensions == [1.0]

    asyncio.run(main())


def test_a_process_task_that_finds_no_child_free_goes_back_at_once_and_no_attempt_is_counted():
    async def main():
        async with Stage() as stage:
            await stage.put("a", "b", task="in a child")
            await settle_down()
            [view] = await stage.queue.admin.fetch(["b"])
            assert (stage.ids, view.state, view.attempt) == (["a"], State.PENDING, 0)

    asyncio.run(main())


def test_a_free_child_gets_its_next_task_before_the_last_one_is_settled():
    async def main():
        async with Stage() as stage:
            await stage.put("a", "b", task="in a child")
            await settle_down()
            stage.intake.free_seat()
            await settle_down()
            assert stage.ids == ["a", "b"]
            assert stage.queue.limits == [10, 1]

    asyncio.run(main())


def test_what_cannot_be_renewed_before_it_begins_goes_back():
    async def main():
        async with Stage(lease_seconds=1.0) as stage:
            stage.queue.answer_seconds, stage.queue.faulty = 0.6, True
            await stage.put("a")
            async with asyncio.timeout(10):
                while not stage.queue.extensions:  # noqa: ASYNC110 - it has no event of its own
                    await asyncio.sleep(0)
            stage.intake.stop()
            await stage.running
            await stage.settler.flush()
            [view] = await stage.queue.admin.fetch(["a"])
            assert (view.state, view.attempt, stage.ids) == (State.PENDING, 0, [])

    asyncio.run(main())
