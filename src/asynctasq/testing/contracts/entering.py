"""Promises about what goes in: responsibility, delays, bytes, refusals, and bytes that nobody should have put there."""

from asynctasq.domain.message import IdempotencyKey, Message
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.retry import RetryPolicy
from asynctasq.domain.verdict import Ack, Bury, Reason, Retry
from asynctasq.testing.contracts.promise import Contract, promise
from asynctasq.testing.contracts.stage import Stage, ids, put, reasons

BODIES = (b"", b"\0", b"\0\xff" * 1000, bytes(range(256)), "ünïcödé".encode(), b"x" * 100_000)
HEADERS = ("", "plain", "ünïcödé \N{SNOWMAN}", "new\nline", "\0", "\ud800", "'\"\\;--", "x" * 10_000)
GARBAGE = (b"", b"\0", b"\xff\xfe", b"{}", b"[]", b"[1, 2, 3]", b'["1"]', b"null", b"[" * 10_000, b"not a header")


class EnteringContract(Contract):
    @promise(1)
    async def test_enqueue_returns_only_when_the_queue_is_responsible_for_the_messages(self, stage: Stage) -> None:
        producer, worker = await stage.client(), await stage.client()
        messages = [stage.message() for _ in range(5)]

        await put(producer, *messages)
        await stage.bench.crash(producer)

        assert sorted(ids(await stage.lease(worker))) == sorted(message.id for message in messages)

    @promise(1)
    async def test_enqueueing_an_empty_batch_does_nothing(self, stage: Stage) -> None:
        client = await stage.client()

        refusals = await client.enqueue([])

        assert list(refusals) == []
        assert list(await stage.lease(client)) == []

    @promise(1, needs=("max_body_bytes",))
    async def test_a_body_is_taken_up_to_the_declared_size_and_refused_as_too_large_beyond(self, stage: Stage) -> None:
        client = await stage.client()
        largest = client.capabilities.max_body_bytes or 0
        fitting, larger = stage.message(body=b"x" * largest), stage.message(body=b"x" * (largest + 1))

        refusals = await client.enqueue([fitting, larger])

        assert reasons(refusals) == {larger.id: Reason.TOO_LARGE}
        assert ids(await stage.lease(client)) == [fitting.id]

    @promise(2)
    async def test_nothing_is_leased_before_its_delay_is_over(self, stage: Stage) -> None:
        client = await stage.client()
        message = stage.message(delay=3)

        await put(client, message)
        early = [ids(await stage.lease(client))]
        await stage.advance(2.5)
        early.append(ids(await stage.lease(client)))
        await stage.advance(1)

        assert early == [[], []]
        assert ids(await stage.lease(client)) == [message.id]

    @promise(12)
    async def test_bodies_come_back_byte_for_byte(self, stage: Stage) -> None:
        client = await stage.client()
        sent = {message.id: message.body for message in (stage.message(body=body) for body in BODIES)}

        await put(client, *(Message(id, "one", task="t", body=body) for id, body in sent.items()))
        leases = await stage.lease(client, limit=len(sent))

        assert {lease.message.id: lease.message.body for lease in leases} == sent

    @promise(12)
    async def test_headers_come_back_as_they_went(self, stage: Stage) -> None:
        client = await stage.client()
        sent = {text or "empty": text for text in HEADERS}

        await put(client, stage.message(headers=sent), stage.message(headers={}))
        leases = await stage.lease(client)

        assert [dict(lease.message.headers) for lease in leases] in ([sent, {}], [{}, sent])

    @promise(12)
    async def test_a_message_is_the_same_again_after_a_retry(self, stage: Stage) -> None:
        client = await stage.client()
        policy = RetryPolicy(7, delay_seconds=0.1, factor=1.5, cap_seconds=9.0, jitter=-0.25)
        sent = Message("same", "one", task="a.b:c", body=BODIES[3], headers={"a": "ä"}, policy=policy, priority=3)

        await put(client, sent)
        for lease in await stage.lease(client):
            await client.settle([Retry(lease, delay_seconds=0, error=ErrorInfo("E"))])

        assert [lease.message for lease in await stage.lease(client)] == [sent]

    @promise(12)
    async def test_changing_a_message_after_it_was_enqueued_changes_nothing(self, stage: Stage) -> None:
        client = await stage.client()
        headers = {"a": "1"}

        await put(client, stage.message(headers=headers))
        headers["a"] = "2"

        assert [dict(lease.message.headers) for lease in await stage.lease(client)] == [{"a": "1"}]

    @promise(16, needs=("deduplicates",))
    async def test_one_refused_message_hurts_no_other_of_its_batch(self, stage: Stage) -> None:
        client = await stage.client()
        first, second, third = (stage.message() for _ in range(3))

        await put(client, second)
        refusals = await client.enqueue([first, second, third])

        assert reasons(refusals) == {second.id: Reason.DUPLICATE}
        assert sorted(ids(await stage.lease(client))) == sorted([first.id, second.id, third.id])

    @promise(17)
    async def test_bytes_put_beside_the_api_are_leased_as_defective_and_never_raise(self, stage: Stage) -> None:
        client = await stage.client()
        message = stage.message()

        for data in GARBAGE:
            await stage.bench.inject("one", data)
        await put(client, message)
        leases = await stage.lease(client, limit=len(GARBAGE) + 1)

        assert sum(lease.defect is not None for lease in leases) == len(GARBAGE)
        assert [lease.message.id for lease in leases if not lease.defect] == [message.id]

    @promise(17)
    async def test_what_is_defective_can_be_buried(self, stage: Stage) -> None:
        client = await stage.client()

        await stage.bench.inject("one", GARBAGE[-1])
        leases = await stage.lease(client)
        refusals = await client.settle([Bury(lease, error=ErrorInfo("Undecodable")) for lease in leases])

        assert len(leases) == 1
        assert list(refusals) == []
        assert list(await stage.lease(client)) == []

    @promise(18, needs=("deduplicates",))
    async def test_repeating_enqueue_changes_nothing_further(self, stage: Stage) -> None:
        client = await stage.client()
        waiting, delayed = stage.message(), stage.message(delay=2)

        await put(client, waiting, delayed)
        await stage.advance(1)
        refusals = await client.enqueue([waiting, delayed])
        await stage.advance(1.5)

        assert reasons(refusals) == {waiting.id: Reason.DUPLICATE, delayed.id: Reason.DUPLICATE}
        assert sorted(ids(await stage.lease(client))) == sorted([waiting.id, delayed.id])

    @promise(18, needs=("deduplicates",))
    async def test_a_message_that_is_twice_in_a_batch_is_taken_once(self, stage: Stage) -> None:
        client = await stage.client()
        message, other = stage.message(), stage.message()

        refusals = await client.enqueue([message, message, other])

        assert reasons(refusals) == {message.id: Reason.DUPLICATE}
        assert sorted(ids(await stage.lease(client))) == sorted([message.id, other.id])

    @promise(18, needs=("deduplicates",))
    async def test_repeating_enqueue_while_a_message_runs_does_not_start_it_again(self, stage: Stage) -> None:
        client = await stage.client()
        message = stage.message()

        await put(client, message)
        [lease] = await stage.lease(client)
        await client.enqueue([message])

        assert list(await stage.lease(client)) == []
        assert list(await client.settle([Ack(lease)])) == []

    @promise(18, needs=("remembers_senders",))
    async def test_repeating_enqueue_under_its_key_after_a_message_was_finished_does_not_start_it_again(
        self, stage: Stage
    ) -> None:
        before, after = await stage.client(), await stage.client()
        messages, key = [stage.message(), stage.message("two"), stage.message()], stage.key()

        await put(before, *messages, key=key)
        finished = await stage.lease(before, "one", "two", limit=2)
        await before.settle([Ack(lease) for lease in finished])
        refusals = await after.enqueue(messages, key=key)

        assert reasons(refusals) == {message.id: Reason.DUPLICATE for message in messages}
        assert len({*ids(finished), *ids(await stage.lease(after, "one", "two"))}) == len(messages)

    @promise(18, needs=("remembers_senders",))
    async def test_only_the_last_call_of_the_same_sender_is_a_repetition(self, stage: Stage) -> None:
        client = await stage.client()
        messages, key = [stage.message() for _ in range(4)], stage.key()
        keys = [key, IdempotencyKey(key.sender, 2), stage.key(), IdempotencyKey(key.sender, 3)]

        for message, each in zip(messages, keys, strict=True):
            await put(client, message, key=each)

        assert sorted(ids(await stage.lease(client))) == sorted(message.id for message in messages)

    @promise(18, needs=("remembers_senders",))
    async def test_a_key_does_not_let_an_id_in_that_is_there_already(self, stage: Stage) -> None:
        client = await stage.client()
        known, new = stage.message(), stage.message()

        await put(client, known)
        refusals = await client.enqueue([known, new], key=stage.key())

        assert reasons(refusals) == {known.id: Reason.DUPLICATE}
        assert sorted(ids(await stage.lease(client))) == sorted([known.id, new.id])
