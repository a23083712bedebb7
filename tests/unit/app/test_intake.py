"""What is leased is held for as long as the queue leases it, and no longer."""

import asyncio

from asynctasq.adapters.memory.queue import MemoryQueue
from asynctasq.app.intake import Intake, QueueNames
from asynctasq.app.keeper import Keeper
from asynctasq.app.settler import Settler
from asynctasq.domain.message import Message


class Noting(MemoryQueue):
    """Remembers how long it was asked to wait and to extend."""

    def __init__(self):
        super().__init__()
        self.waits = []
        self.extensions = []

    async def lease(self, queues, *, limit, lease_seconds, owner, wait=0.0):
        self.waits.append(wait)
        return await super().lease(queues, limit=limit, lease_seconds=lease_seconds, owner=owner)

    async def extend(self, leases, *, lease_seconds):
        self.extensions.append(lease_seconds)
        return await super().extend(leases, lease_seconds=lease_seconds)


def intake_of(queue, lease_seconds):
    keeper = Keeper(queue, lease_seconds=lease_seconds, on_lost=lambda lost: None)
    settler = Settler(queue, keeper, on_settled=lambda settled: None)
    names = QueueNames(queue, ["default"], list)
    return Intake(queue, keeper, settler, names, lease_seconds=lease_seconds, owner="worker")


def test_a_call_waits_no_longer_than_a_lease_that_counts_from_its_beginning_can_bear():
    async def main():
        queue = Noting()
        await intake_of(queue, 30.0).take(1, 5.0)
        await intake_of(queue, 1.5).take(1, 5.0)
        assert queue.waits == [5.0, 0.5]

    asyncio.run(main())


def test_a_task_that_wants_to_be_recovered_soon_gets_a_shorter_lease():
    async def main():
        queue = Noting()
        intake = intake_of(queue, 30.0)
        headers = {"visibility_timeout": "3.0"}
        await queue.enqueue([Message("soon", "default", task="t", body=b"", headers=headers)])
        await queue.enqueue([Message("usual", "default", task="t", body=b"")])
        leases = await intake.take(2, 0.0)
        assert {lease.message.id: lease.lease_seconds for lease in leases} == {"soon": 3.0, "usual": 30.0}
        assert queue.extensions == [3.0]

    asyncio.run(main())
