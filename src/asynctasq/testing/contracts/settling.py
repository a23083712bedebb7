"""Promises about how a lease ends: in one step, once, by its holder alone."""

import asyncio

from asynctasq.domain.lifecycle import State
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Ack, Bury, Cancel, Enqueue, Reason, Release, Retry
from asynctasq.testing.contracts.promise import Contract, promise
from asynctasq.testing.contracts.stage import Stage, ids, put, reasons

ERROR = ErrorInfo("builtins.ValueError", "no", "Traceback …")


class SettlingContract(Contract):
    @promise(8)
    async def test_each_verdict_takes_its_message_where_it_belongs(self, stage: Stage) -> None:
        client = await stage.client()
        acked, retried, buried, cancelled, released = (stage.message() for _ in range(5))

        await put(client, acked, retried, buried, cancelled, released)
        leases = {lease.message.id: lease for lease in await stage.lease(client)}
        refusals = await client.settle(
            [
                Ack(leases[acked.id]),
                Retry(leases[retried.id], delay_seconds=0, error=ERROR),
                Bury(leases[buried.id], error=ERROR),
                Cancel(leases[cancelled.id]),
                Release(leases[released.id]),
            ]
        )

        assert list(refusals) == []
        assert sorted(ids(await stage.lease(client))) == sorted([retried.id, released.id])

    @promise(8)
    async def test_a_retry_waits_for_its_delay(self, stage: Stage) -> None:
        client = await stage.client()
        message = stage.message()

        await put(client, message)
        [lease] = await stage.lease(client)
        await client.settle([Retry(lease, delay_seconds=3 * stage.unit, error=ERROR)])
        await stage.advance(2.5)
        early = ids(await stage.lease(client))
        await stage.advance(1)

        assert early == []
        assert ids(await stage.lease(client)) == [message.id]

    @promise(8)
    async def test_no_crash_can_lose_a_message_in_between(self, stage: Stage) -> None:
        watcher = await stage.client()

        for turns in range(12):
            client, message = await stage.client(), stage.message()
            await put(client, message)
            [lease] = await stage.lease(client, lasts=3)
            call = asyncio.create_task(client.settle([Retry(lease, delay_seconds=0, error=ERROR)]))
            for _ in range(turns):
                await asyncio.sleep(0)
            await _give_up(call)
            await stage.bench.crash(client)
            await stage.advance(3.5)
            await put(watcher)

            found = await stage.lease(watcher)
            assert ids(found) == [message.id]
            await watcher.settle([Ack(lease) for lease in found])

    @promise(8, needs=("effects",))
    async def test_effects_happen_with_their_settlement(self, stage: Stage) -> None:
        client = await stage.client()
        first, after_ack, after_retry = stage.message(), stage.message("two"), stage.message("two")

        await put(client, first)
        [lease] = await stage.lease(client)
        await client.settle([Retry(lease, delay_seconds=0, error=ERROR, effects=(Enqueue(after_retry),))])
        [lease] = await stage.lease(client)
        await client.settle([Ack(lease, effects=(Enqueue(after_ack),))])

        assert sorted(ids(await stage.lease(client, "two"))) == sorted([after_ack.id, after_retry.id])

    @promise(8, needs=("no effects",))
    async def test_a_verdict_with_effects_is_refused_as_invalid_where_they_are_not_declared(self, stage: Stage) -> None:
        client, message = await stage.client(), stage.message()

        await put(client, message)
        [lease] = await stage.lease(client)
        refusals = await client.settle([Ack(lease, effects=(Enqueue(stage.message()),))])

        assert reasons(refusals) == {message.id: Reason.INVALID}
        assert list(await client.settle([Ack(lease)])) == []
        assert list(await stage.lease(client)) == []

    @promise(9)
    async def test_a_stale_token_changes_nothing_and_is_refused_as_lost(self, stage: Stage) -> None:
        holder, other = await stage.client(), await stage.client()
        messages = [stage.message() for _ in range(5)]

        await put(holder, *messages)
        stale = await stage.lease(holder, lasts=3)
        await stage.end_leases(holder, 3)
        live = await stage.lease(other)
        verdicts = [
            Ack(stale[0]),
            Retry(stale[1], delay_seconds=0, error=ERROR),
            Bury(stale[2], error=ERROR),
            Cancel(stale[3]),
            Release(stale[4]),
        ]
        refusals = await (other if not other.capabilities.leases_expire else holder).settle(verdicts)

        assert reasons(refusals) == {lease.message.id: Reason.LOST for lease in stale}
        assert {refusal.token for refusal in refusals} == {lease.token for lease in stale}
        assert list(await stage.lease(other)) == []
        assert list(await other.settle([Ack(lease) for lease in live])) == []

    @promise(9, needs=("leases_expire",))
    async def test_a_token_is_stale_once_its_lease_has_ended(self, stage: Stage) -> None:
        client = await stage.client()
        message = stage.message()

        await put(client, message)
        [lease] = await stage.lease(client, lasts=3)
        await stage.end_leases(client, 3)
        refusals = await client.settle([Ack(lease)])

        assert reasons(refusals) == {message.id: Reason.LOST}
        assert ids(await stage.lease(client)) == [message.id]

    @promise(9)
    async def test_a_live_token_is_never_refused(self, stage: Stage) -> None:
        client, messages = await stage.client(), [stage.message() for _ in range(5)]

        await put(client, *messages)
        leases = await stage.lease(client, lasts=3)
        await stage.advance(2.5)
        refusals = await client.settle([Ack(lease) for lease in leases])

        assert len(leases) == len(messages)
        assert list(refusals) == []

    @promise(10)
    async def test_release_gives_back_at_once_and_costs_no_attempt(self, stage: Stage) -> None:
        client = await stage.client()
        attempts: list[int] = []

        await put(client, stage.message())
        for _ in range(3):
            leases = await stage.lease(client)
            attempts += [lease.attempt for lease in leases]
            await client.settle([Release(lease) for lease in leases])

        assert attempts == [1, 1, 1]

    @promise(10)
    async def test_release_gives_back_after_its_delay(self, stage: Stage) -> None:
        client = await stage.client()

        await put(client, stage.message())
        [lease] = await stage.lease(client)
        await client.settle([Release(lease, delay_seconds=3 * stage.unit, skewed_seconds=5.0)])
        await stage.advance(2.5)
        early = list(await stage.lease(client))
        await stage.advance(1)

        assert early == []
        assert [(lease.attempt, lease.skewed_seconds) for lease in await stage.lease(client)] == [(1, 5.0)]

    @promise(10)
    async def test_bury_keeps_it_out_of_sight_of_lease(self, stage: Stage) -> None:
        client = await stage.client()

        await put(client, stage.message())
        [lease] = await stage.lease(client, lasts=3)
        await client.settle([Bury(lease, error=ERROR)])
        await stage.advance(11)

        assert list(await stage.lease(client)) == []

    @promise(10, needs=("finds dead",))
    async def test_bury_keeps_it_with_its_reason(self, stage: Stage) -> None:
        client = await stage.client()
        message = stage.message()

        await put(client, message)
        [lease] = await stage.lease(client)
        await client.settle([Bury(lease, error=ERROR)])
        page = await client.admin.find(state=State.DEAD)

        assert [(view.message.id, view.state, view.error) for view in page.messages] == [
            (message.id, State.DEAD, ERROR)
        ]

    @promise(11, needs=("leases_expire",))
    async def test_extend_lets_a_lease_end_later(self, stage: Stage) -> None:
        holder, other = await stage.client(), await stage.client()

        await put(holder, stage.message())
        [lease] = await stage.lease(holder, lasts=3)
        await stage.advance(1)
        refusals = await holder.extend([lease], lease_seconds=5 * stage.unit)
        await stage.advance(3)
        meanwhile = list(await stage.lease(other))
        await stage.end_leases(holder, 2)

        assert list(refusals) == []
        assert meanwhile == []
        assert len(await stage.lease(other)) == 1

    @promise(11, needs=("leases_expire",))
    async def test_extend_lets_a_lease_end_sooner(self, stage: Stage) -> None:
        holder, other = await stage.client(), await stage.client()
        message = stage.message()

        await put(holder, message)
        [lease] = await stage.lease(holder, lasts=10)
        await holder.extend([lease], lease_seconds=2 * stage.unit)
        await stage.end_leases(holder, 2)

        assert ids(await stage.lease(other)) == [message.id]

    @promise(11)
    async def test_extend_cannot_resurrect(self, stage: Stage) -> None:
        holder, other = await stage.client(), await stage.client()
        message = stage.message()

        await put(holder, message)
        [lease] = await stage.lease(holder, lasts=3)
        await stage.end_leases(holder, 3)
        refusals = await other.extend([lease], lease_seconds=10 * stage.unit)

        assert reasons(refusals) == {message.id: Reason.LOST}
        assert ids(await stage.lease(other)) == [message.id]


async def _give_up(call: "asyncio.Task[object]") -> None:
    call.cancel()
    await asyncio.wait([call])
