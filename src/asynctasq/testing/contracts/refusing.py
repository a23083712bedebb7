"""Promises about what a queue does not do: refused, repeated, cancelled or stale work, and odd texts do no harm."""

from asynctasq.domain.outcome import ERROR_TEXT_LIMIT, ErrorInfo
from asynctasq.domain.verdict import Ack, Bury, Enqueue, Reason, Release, Retry
from asynctasq.testing.contracts.promise import Contract, promise
from asynctasq.testing.contracts.stage import Stage, ids, put, reasons

ERROR = ErrorInfo("builtins.ValueError", "no", "Traceback …")
ODD_TEXTS = ("\0", "a\0b", "\ud800", "\udfff\ud800", "\U0010ffff", "line\r\nline", "é" * 1_000_000)


class RefusingContract(Contract):
    @promise(16)
    async def test_one_refused_verdict_hurts_no_other_of_its_batch(self, stage: Stage) -> None:
        client = await stage.client()

        await put(client, *(stage.message() for _ in range(3)))
        first, second, third = await stage.lease(client)
        await client.settle([Ack(second)])
        refusals = await client.settle([Ack(first), Ack(second), Ack(third)])
        await stage.advance(11)

        assert set(reasons(refusals)) <= {second.message.id}
        assert list(await stage.lease(client)) == []

    @promise(16)
    async def test_one_refused_extension_hurts_no_other_of_its_batch(self, stage: Stage) -> None:
        client = await stage.client()

        await put(client, *(stage.message() for _ in range(3)))
        first, second, third = await stage.lease(client, lasts=3)
        await client.settle([Ack(second)])
        refusals = await client.extend([first, second, third], lease_seconds=10 * stage.unit)
        await stage.advance(4)

        assert set(reasons(refusals)) <= {second.message.id}
        assert list(await client.settle([Ack(first), Ack(third)])) == []

    @promise(18)
    async def test_repeating_settle_changes_nothing_further(self, stage: Stage) -> None:
        client = await stage.client()
        left: list[list[tuple[int, int]]] = []

        for times in (1, 3):
            await put(client, *(stage.message() for _ in range(4)))
            first, second, third, fourth = await stage.lease(client)
            verdicts = [
                Ack(first),
                Retry(second, delay_seconds=0, error=ERROR),
                Bury(third, error=ERROR),
                Release(fourth),
            ]
            for _ in range(times):
                await client.settle(verdicts)
            found = await stage.lease(client)
            left.append(sorted((lease.attempt, lease.failures) for lease in found))
            await client.settle([Ack(lease) for lease in found])

        assert left[0] == left[1]

    @promise(18)
    async def test_repeating_settle_does_not_touch_the_next_lease(self, stage: Stage) -> None:
        client, other = await stage.client(), await stage.client()

        await put(client, stage.message())
        [lease] = await stage.lease(client)
        await client.settle([Release(lease)])
        [next_lease] = await stage.lease(other)
        await client.settle([Release(lease)])

        assert list(await stage.lease(client)) == []
        assert list(await other.settle([Ack(next_lease)])) == []

    @promise(18, needs=("leases_expire",))
    async def test_repeating_extend_changes_nothing_further(self, stage: Stage) -> None:
        client = await stage.client()
        message = stage.message()

        await put(client, message)
        leases = await stage.lease(client, lasts=3)
        for _ in range(3):
            await client.extend(leases, lease_seconds=5 * stage.unit)
        await stage.advance(3.5)
        early = list(await stage.lease(client))
        await stage.end_leases(client, 1.5)

        assert early == []
        assert ids(await stage.lease(client)) == [message.id]

    @promise(19, needs=("cancels",))
    async def test_a_cancelled_message_is_refused_as_cancelled_at_its_next_extend(self, stage: Stage) -> None:
        worker, operator = await stage.client(), await stage.client()
        message = stage.message()

        await put(worker, message)
        leases = await stage.lease(worker)
        accepted = list(await operator.admin.cancel([message.id]))
        refusals = await worker.extend(leases, lease_seconds=stage.unit)

        assert accepted == []
        assert reasons(refusals) == {message.id: Reason.CANCELLED}

    @promise(19, needs=("cancels",))
    async def test_a_cancelled_message_is_refused_as_cancelled_at_its_next_settle(self, stage: Stage) -> None:
        worker, operator = await stage.client(), await stage.client()
        message = stage.message()

        await put(worker, message)
        [lease] = await stage.lease(worker)
        await operator.admin.cancel([message.id])
        refusals = await worker.settle([Retry(lease, delay_seconds=0, error=ERROR)])

        assert reasons(refusals) == {message.id: Reason.CANCELLED}
        assert list(await stage.lease(worker)) == []

    @promise(20, needs=("effects", "leases_expire"))
    async def test_a_stale_token_applies_no_effect(self, stage: Stage) -> None:
        client, effect = await stage.client(), stage.message("two")

        await put(client, stage.message())
        [lease] = await stage.lease(client, lasts=3)
        await stage.end_leases(client, 3)
        await client.settle([Ack(lease, effects=(Enqueue(effect),))])

        assert list(await stage.lease(client, "two")) == []

    @promise(22, needs=("finds dead",))
    async def test_error_text_of_any_code_points_is_stored_and_cut(self, stage: Stage) -> None:
        client = await stage.client()
        messages = [stage.message() for _ in ODD_TEXTS]
        texts = dict(zip((message.id for message in messages), ODD_TEXTS, strict=True))

        await put(client, *messages)
        leases = await stage.lease(client, limit=len(messages))
        verdicts = [Bury(it, error=ErrorInfo("E", texts[it.message.id], texts[it.message.id])) for it in leases]
        refusals = await client.settle(verdicts)
        views = await client.admin.fetch(list(texts))

        assert list(refusals) == []
        stored = {view.message.id: view.error for view in views}
        assert stored == {id: ErrorInfo("E", text, text).storable() for id, text in texts.items()}
        assert max(len(view.error.message.encode()) for view in views if view.error) <= ERROR_TEXT_LIMIT

    @promise(22)
    async def test_a_retry_takes_error_text_of_any_code_points(self, stage: Stage) -> None:
        client = await stage.client()

        await put(client, *(stage.message() for _ in ODD_TEXTS))
        leases = await stage.lease(client, limit=len(ODD_TEXTS))
        errors = [ErrorInfo(text, text, text) for text in ODD_TEXTS]
        retries = [Retry(lease, delay_seconds=0, error=error) for lease, error in zip(leases, errors, strict=True)]
        refusals = await client.settle(retries)

        assert list(refusals) == []
        assert len(await stage.lease(client, limit=len(ODD_TEXTS))) == len(ODD_TEXTS)
