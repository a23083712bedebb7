"""Promises about what comes out: how many, how soon, in which order, and to whom."""

import asyncio
import random

from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Ack, Release, Retry
from asynctasq.testing.contracts.promise import Contract, promise
from asynctasq.testing.contracts.stage import Stage, ids, put

CANCELLATIONS = 60


class LeasingContract(Contract):
    @promise(3)
    async def test_lease_returns_at_most_limit(self, stage: Stage) -> None:
        client = await stage.client()

        await put(client, *(stage.message(queue) for queue in ("one", "one", "one", "two", "two", "two")))
        sizes = [len(await stage.lease(client, "one", "two", limit=limit)) for limit in (1, 4, 4)]

        assert sizes == [1, 4, 1]

    @promise(3)
    async def test_lease_without_a_wait_returns_at_once(self, stage: Stage) -> None:
        client = await stage.client()

        call = await stage.begin(stage.lease(client))

        assert list(await stage.answer(call)) == []

    @promise(3)
    async def test_lease_waits_and_waits_at_most_so_long(self, stage: Stage) -> None:
        client = await stage.client()

        call = await stage.begin(stage.lease(client, wait=3))
        await stage.advance(2.5)
        waited = not call.done()
        await stage.advance(1)

        assert list(await stage.answer(call)) == []
        assert waited

    @promise(3)
    async def test_a_waiting_lease_returns_as_soon_as_something_new_comes(self, stage: Stage) -> None:
        client = await stage.client()
        message = stage.message("two")

        call = await stage.begin(stage.lease(client, "one", "two", wait=10))
        await put(client, message)

        assert ids(await stage.answer(call)) == [message.id]

    @promise(3)
    async def test_a_waiting_lease_returns_as_soon_as_something_is_due(self, stage: Stage) -> None:
        client = await stage.client()
        message = stage.message(delay=3)

        await put(client, message)
        call = await stage.begin(stage.lease(client, wait=10))
        await stage.advance(3.5)

        assert ids(await stage.answer(call)) == [message.id]

    @promise(3)
    async def test_a_waiting_lease_learns_of_what_is_due_sooner_than_anything_before(self, stage: Stage) -> None:
        client = await stage.client()
        late, soon = stage.message(delay=8), stage.message(delay=2)

        await put(client, late)
        call = await stage.begin(stage.lease(client, wait=10))
        await put(client, soon)
        await stage.advance(2.5)

        assert ids(await stage.answer(call)) == [soon.id]

    @promise(3, needs=("leases_expire",))
    async def test_a_waiting_lease_returns_as_soon_as_another_lease_has_expired(self, stage: Stage) -> None:
        client = await stage.client()
        message = stage.message()

        await put(client, message)
        await stage.lease(client, lasts=3)
        call = await stage.begin(stage.lease(client, wait=10))
        await stage.advance(3.5)

        assert ids(await stage.answer(call)) == [message.id]

    @promise(3)
    async def test_a_waiting_lease_returns_as_soon_as_something_is_given_back(self, stage: Stage) -> None:
        client = await stage.client()
        message = stage.message()

        await put(client, message)
        [lease] = await stage.lease(client)
        call = await stage.begin(stage.lease(client, wait=10))
        await client.settle([Release(lease)])

        assert ids(await stage.answer(call)) == [message.id]

    @promise(4, needs=("orders_queues",))
    async def test_queues_are_emptied_in_the_order_given(self, stage: Stage) -> None:
        client = await stage.client()
        one, two, three = (stage.message(queue) for queue in ("one", "two", "three"))

        await put(client, one, two, three)
        order = [ids(await stage.lease(client, "three", "one", "two", limit=limit)) for limit in (1, 2)]

        assert order == [[three.id], [one.id, two.id]]

    @promise(4, needs=("orders_queues",))
    async def test_the_oldest_due_comes_first(self, stage: Stage) -> None:
        client = await stage.client()
        third, second = stage.message(delay=4), stage.message(delay=2)
        first = stage.message()

        await put(client, third)
        await put(client, second, first)
        await stage.advance(5)

        assert ids(await stage.lease(client)) == [first.id, second.id, third.id]

    @promise(4, needs=("priorities",))
    async def test_higher_priorities_come_first(self, stage: Stage) -> None:
        client = await stage.client()
        low, middle, high = (stage.message(priority=priority) for priority in (-1, 0, 1))

        await put(client, middle, low, high)
        order = [ids(await stage.lease(client, limit=limit)) for limit in (1, 2)]

        assert order == [[high.id], [middle.id, low.id]]

    @promise(5)
    async def test_a_leased_message_is_leased_to_nobody_else_until_its_lease_ends(self, stage: Stage) -> None:
        holder, other = await stage.client(), await stage.client()

        await put(holder, stage.message())
        leases = await stage.lease(holder, lasts=3)
        await stage.advance(2.5)
        meanwhile = [*await stage.lease(other), *await stage.lease(holder)]

        assert len(leases) == 1
        assert meanwhile == []

    @promise(5)
    async def test_many_clients_at_once_never_share_a_message(self, stage: Stage) -> None:
        clients = [await stage.client() for _ in range(5)]
        messages = [stage.message() for _ in range(40)]

        await put(clients[0], *messages)
        batches = await asyncio.gather(*(stage.lease(client, limit=3) for client in clients for _ in range(4)))

        leased = [id for batch in batches for id in ids(batch)]
        assert len(leased) == len(set(leased))
        assert {lease.attempt for batch in batches for lease in batch} == {1}

    @promise(6, needs=("leases_expire",))
    async def test_an_expired_lease_is_leasable_again_with_no_other_call(self, stage: Stage) -> None:
        holder, other = await stage.client(), await stage.client()
        message = stage.message()

        await put(holder, message)
        await stage.lease(holder, lasts=3)
        await stage.advance(3.5)

        assert ids(await stage.lease(other)) == [message.id]

    @promise(6)
    async def test_what_a_crashed_client_held_is_leasable_again(self, stage: Stage) -> None:
        holder, other = await stage.client(), await stage.client()
        message = stage.message()

        await put(holder, message)
        await stage.lease(holder, lasts=3)
        await stage.bench.crash(holder)
        await stage.advance(3.5)

        assert ids(await stage.lease(other)) == [message.id]

    @promise(7, needs=("exact_attempts",))
    async def test_attempt_is_1_at_first_and_grows_by_one_per_lease(self, stage: Stage) -> None:
        client = await stage.client()
        attempts: list[int] = []

        await put(client, stage.message())
        for _ in range(3):
            [lease] = await stage.lease(client)
            attempts.append(lease.attempt)
            await client.settle([Retry(lease, delay_seconds=0, error=ErrorInfo("E"))])

        assert attempts == [1, 2, 3]

    @promise(7, needs=("exact_attempts",))
    async def test_a_lease_that_ended_in_a_crash_counts(self, stage: Stage) -> None:
        holder, other = await stage.client(), await stage.client()

        await put(holder, stage.message())
        await stage.lease(holder, lasts=3)
        await stage.end_leases(holder, 3)
        [lease] = await stage.lease(other)

        assert (lease.attempt, lease.failures, lease.crashes) == (2, 0, 1)

    @promise(7, needs=("exact_attempts",))
    async def test_failures_counts_the_attempts_that_ended_in_a_retry(self, stage: Stage) -> None:
        client = await stage.client()

        await put(client, stage.message())
        [first] = await stage.lease(client)
        await client.settle([Retry(first, delay_seconds=0, error=ErrorInfo("E"))])
        [second] = await stage.lease(client)

        assert (second.failures, second.crashes) == (1, 0)

    @promise(13)
    async def test_cancelling_a_waiting_lease_loses_nothing_and_leaves_nothing_leased(self, stage: Stage) -> None:
        waiting, other = await stage.client(), await stage.client()
        moments = random.Random(13)

        for _ in range(CANCELLATIONS):
            message = stage.message()
            call = asyncio.create_task(stage.lease(waiting, wait=1000))
            await _a_moment(moments)
            arrival = asyncio.create_task(other.enqueue([message]))
            await _a_moment(moments)
            call.cancel()
            await asyncio.wait([call, arrival])
            found = [] if call.cancelled() else list(call.result())
            found += await stage.lease(other)

            assert [(lease.message.id, lease.attempt) for lease in found] == [(message.id, 1)]
            assert list(await stage.lease(waiting)) == []
            await other.settle([Ack(lease) for lease in found])


async def _a_moment(moments: random.Random) -> None:
    """Some turns of the loop, and for adapters with threads now and then some time."""
    for _ in range(moments.randrange(8)):
        await asyncio.sleep(0)
    if moments.choice((True, False)):
        await asyncio.sleep(moments.uniform(0, 0.003))
