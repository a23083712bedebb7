"""What the contract does not see, on moto's server."""

import asyncio
import socket
import time

import pytest

from asynctasq.adapters.sqs import connection
from asynctasq.adapters.sqs.queue import SqsQueue
from asynctasq.domain.errors import ConfigurationError, Unavailable
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.retry import RetryPolicy
from asynctasq.domain.verdict import Ack, Bury, Reason, Release, Retry
from tests.moto_server import MotoServer

pytestmark = pytest.mark.broker("sqs")

ERROR = ErrorInfo("E")
KEYS = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}


def message(number=1, *, queue="one", body=b"body", **options):
    return Message(f"message-{number}", queue, task="t", body=body, **options)


async def lease(queue, *names, limit=10, seconds=30.0, wait=0.0):
    return await queue.lease(names or ("one",), limit=limit, lease_seconds=seconds, owner="test", wait=wait)


def ids(leases):
    return [each.message.id for each in leases]


def test_a_delay_of_days_is_kept_in_hops_that_cost_no_attempt(play, clock):
    async def scenario(queue):
        await queue.enqueue([message(delay_seconds=2000)])
        seen = []
        for seconds in (901, 901, 150, 60):
            clock.advance(seconds)
            seen.append([(each.message.id, each.attempt) for each in await lease(queue)])
        return seen

    assert play(scenario) == [[], [], [], [("message-1", 1)]]


def test_a_retry_after_hours_hops_too_and_keeps_its_counts(play, clock):
    async def scenario(queue):
        await queue.enqueue([message()])
        [held] = await lease(queue)
        await queue.settle([Retry(held, delay_seconds=1000, error=ERROR)])
        clock.advance(901)
        early = await lease(queue)
        clock.advance(101)
        [again] = await lease(queue)
        return early, again.attempt, again.failures

    assert play(scenario) == ([], 2, 1)


def test_messages_go_in_tens(play, server):
    async def scenario(queue):
        before = server.calls()
        await queue.enqueue([message(number) for number in range(95)])
        held = await lease(queue, limit=95)
        await queue.settle([Ack(each) for each in held])
        after = server.calls()
        return len(held), {action: after[action] - before.get(action, 0) for action in after}

    count, calls = play(scenario)

    assert count == 95
    assert (calls["SendMessageBatch"], calls["DeleteMessageBatch"]) == (10, 10)
    assert calls["ReceiveMessage"] <= 12


def test_large_messages_go_in_requests_that_sqs_takes(play):
    async def scenario(queue):
        refusals = await queue.enqueue([message(number, body=b"x" * 300_000) for number in range(7)])
        return refusals, len(await lease(queue))

    assert play(scenario) == ([], 7)


def test_a_queue_that_takes_less_than_others_says_so(play, server):
    server.create("asynctasq-small", MaximumMessageSize="65536")

    async def scenario(queue):
        return await queue.enqueue([message(body=b"x" * 40_000, queue="small"), message(2, queue="small")])

    [refusal] = play(scenario)

    assert (refusal.id, refusal.reason) == ("message-1", Reason.TOO_LARGE)
    assert "'asynctasq-small' takes 32768" in refusal.text


def test_headers_count_as_well(play):
    async def scenario(queue):
        body = b"x" * queue.capabilities.max_body_bytes
        return await queue.enqueue([message(body=body, headers={"h": "x" * 30_000})])

    assert [refusal.reason for refusal in play(scenario)] == [Reason.TOO_LARGE]


def test_a_large_message_can_be_retried_and_buried(play):
    async def scenario(queue):
        await queue.enqueue([message(body=b"x" * queue.capabilities.max_body_bytes)])
        [held] = await lease(queue)
        await queue.settle([Retry(held, delay_seconds=0, error=ERROR)])
        [held] = await lease(queue)
        error = ErrorInfo("E", "m" * 16_000, "t" * 16_000)
        assert await queue.settle([Bury(held, error=error)]) == []
        [view] = await queue.admin.fetch(["message-1"])
        return len(view.message.body), view.error.kind, view.error.traceback[:1]

    assert play(scenario) == (SqsQueue.capabilities.max_body_bytes, "E", "t")


def test_a_settlement_that_is_repeated_goes_on_where_it_had_come_to(play, server):
    async def scenario(queue):
        await queue.enqueue([message(number) for number in range(2)])
        verdicts = [Retry(each, delay_seconds=0, error=ERROR) for each in await lease(queue)]
        server.deny("DeleteMessageBatch")
        with pytest.raises(Unavailable, match="delete_message_batch"):
            await queue.settle(verdicts)
        server.deny()
        assert await queue.settle(verdicts) == []
        return [(each.attempt, each.failures) for each in await lease(queue)]

    assert play(scenario) == [(2, 1), (2, 1)]


def test_a_message_whose_copy_was_not_confirmed_stays(play, server, clock):
    async def scenario(queue):
        await queue.enqueue([message()])
        [held] = await lease(queue)
        server.deny("SendMessageBatch")
        with pytest.raises(Unavailable, match="send_message_batch"):
            await queue.settle([Retry(held, delay_seconds=0, error=ERROR)])
        server.deny()
        clock.advance(31)
        return ids(await lease(queue))

    assert play(scenario) == ["message-1"]


def test_a_task_that_kills_its_workers_has_a_last_attempt_though_it_is_given_back_now_and_then(play, clock):
    async def scenario(queue):
        await queue.enqueue([message()])
        starts = 0
        for turn in range(20):
            [held] = await lease(queue)
            if held.exhausted:
                return starts, held.crashes
            if turn % 2:
                await queue.settle([Release(held)])  # as for another suspect, which runs alone
            else:
                starts += 1
                clock.advance(31)  # its worker died
        return starts, None

    assert play(scenario) == (4, 4)


def test_past_its_own_deadline_nothing_is_sent(play, server, clock):
    async def scenario(queue):
        await queue.enqueue([message()])
        held = await lease(queue, seconds=5)
        clock.moved += 5
        before = server.calls()
        refusals = [*await queue.settle([Ack(held[0])]), *await queue.extend(held, lease_seconds=5)]
        return [refusal.reason for refusal in refusals], before == server.calls()

    assert play(scenario) == ([Reason.LOST, Reason.LOST], True)


def test_a_lease_ends_after_twelve_hours_whatever_it_is_extended_by(play, clock):
    async def scenario(queue):
        await queue.enqueue([message()])
        [held] = await lease(queue, seconds=43_200)
        clock.moved += 43_100
        kept = await queue.extend([held], lease_seconds=1000)
        clock.moved += 98
        live = held.is_live(clock())
        clock.moved += 1
        return kept, live, [each.reason for each in await queue.extend([held], lease_seconds=1000)]

    assert play(scenario) == ([], True, [Reason.LOST])


def test_a_message_whose_worker_died_counts_as_crashed(play, clock):
    async def scenario(queue):
        await queue.enqueue([message(policy=RetryPolicy(5))])
        [held] = await lease(queue)
        await queue.settle([Retry(held, delay_seconds=0, error=ERROR)])
        await lease(queue)
        clock.advance(31)
        [held] = await lease(queue)
        return held.attempt, held.failures, held.crashes

    assert play(scenario) == (3, 1, 1)


@pytest.mark.parametrize(("allowed", "starts"), [(1, 1), (2, 3), (3, 4)])
def test_the_last_attempt_is_given_twice_unless_it_is_the_only_one(play, clock, allowed, starts):
    async def scenario(queue):
        await queue.enqueue([message(policy=RetryPolicy(allowed))])
        count = 0
        while not (held := await lease(queue))[0].exhausted:
            assert count == 0 or held[0].crashes
            count += 1
            clock.advance(31)
        return count

    assert play(scenario) == starts


def test_a_release_keeps_the_crashes_in_mind(play, clock):
    async def scenario(queue):
        await queue.enqueue([message(policy=RetryPolicy(5))])
        await lease(queue)
        clock.advance(31)
        [held] = await lease(queue)
        await queue.settle([Release(held)])
        [held] = await lease(queue)
        return held.attempt, held.crashes

    assert play(scenario) == (2, 1)


def test_one_free_slot_is_enough_to_watch_every_queue(play):
    async def scenario(queue):
        names = ("one", "two", "three")
        found = []
        for number, name in enumerate(names):
            assert await lease(queue, *names, limit=1, wait=1) == []
            await queue.enqueue([message(number, queue=name)])
            found += await lease(queue, *names, limit=1, wait=3)
        return ids(found)

    assert play(scenario) == ["message-0", "message-1", "message-2"]


def test_a_queue_that_may_not_be_created_is_named(play, server):
    server.deny("CreateQueue")

    async def scenario(queue):
        with pytest.raises(Unavailable, match="'asynctasq-one' is not there and may not be created"):
            await lease(queue)
        return await queue.enqueue([message()])

    [refusal] = play(scenario)

    assert refusal.reason is Reason.INVALID
    assert "'asynctasq-one' is not there and may not be created" in refusal.text


def test_a_name_that_sqs_cannot_have_is_refused(play):
    async def scenario(queue):
        assert await lease(queue, "a-_b", wait=1) == []
        return await queue.enqueue([message(queue="a-_b"), message(2)])

    assert [(refusal.id, refusal.reason) for refusal in play(scenario)] == [("message-1", Reason.INVALID)]


def test_with_a_url_prefix_nothing_is_created(play, server):
    prefix = server.create("myapp-one").removesuffix("one")
    before = server.calls()

    async def scenario(queue):
        refusals = await queue.enqueue([message(), message(2, queue="two")])
        return refusals, ids(await lease(queue)), await queue.admin.queues()

    refusals, leased, queues = play(scenario, queue_url_prefix=prefix)

    assert (leased, queues) == (["message-1"], ["one"])
    assert [(refusal.id, refusal.reason) for refusal in refusals] == [("message-2", Reason.INVALID)]
    assert "create 'myapp-two'" in refusals[0].text
    assert server.calls().get("CreateQueue") == before.get("CreateQueue")


def test_a_queue_that_may_lose_messages_is_named(play, server):
    server.create("asynctasq-one", MessageRetentionPeriod="345600")
    server.create("somebody-elses", MessageRetentionPeriod="345600")

    async def scenario(queue):
        await queue.enqueue([message(queue="two")])
        return await queue.durability()

    [risk] = play(scenario)

    assert risk.startswith("queue asynctasq-one forgets messages before 14 days")


def test_a_server_that_went_away_is_found_again():
    async def scenario():
        with MotoServer() as server:
            port = server.port
            queue = SqsQueue(endpoint_url=server.url, **KEYS)
            await queue.open()
            await queue.enqueue([message()])
        begun = time.monotonic()
        with pytest.raises(Unavailable, match=r"Could not connect|closed"):
            await queue.enqueue([message()])
        quick = time.monotonic() - begun
        with MotoServer(port=port):
            with pytest.raises(Unavailable, match="NonExistentQueue"):
                await queue.enqueue([message()])  # it has forgotten its queues
            await queue.enqueue([message()])
            found = ids(await lease(queue))
            await queue.close()
        return found, quick < 3

    assert asyncio.run(scenario()) == (["message-1"], True)


def test_a_server_that_does_not_answer_is_not_waited_for_for_ever(play, monkeypatch):
    monkeypatch.setattr(connection, "CALL_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        queue = SqsQueue(endpoint_url=f"http://127.0.0.1:{silent.getsockname()[1]}", **KEYS)

        with pytest.raises(Unavailable, match=r"gave no answer to list_queues within 0\.2 s"):
            asyncio.run(queue.open())


def test_without_credentials_it_says_what_to_set(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))

    for keys in ({}, {"aws_access_key_id": "key"}):
        with pytest.raises(ConfigurationError, match="ASYNCTASQ_SQS_AWS_ACCESS_KEY_ID"):
            asyncio.run(SqsQueue(endpoint_url="http://127.0.0.1:1", **keys).open())


def test_a_region_that_cannot_be_is_named():
    with pytest.raises(ConfigurationError, match=r"sqs no/region .*'no/region'"):
        asyncio.run(SqsQueue(region="no/region", **KEYS).open())


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({}, "sqs us-east-1 asynctasq-*"),
        ({"region": "eu-west-1", **KEYS}, "sqs eu-west-1 asynctasq-*"),
        ({"endpoint_url": "http://u:p@host:1/x?t=s"}, "sqs us-east-1 asynctasq-* at http://host:1/x"),
        ({"queue_url_prefix": "https://u:p@host/1234/app-"}, "sqs https://host/1234/app-*"),
    ],
)
def test_it_says_where_it_lies_and_keeps_its_secrets(options, shown):
    queue = SqsQueue(**options)

    assert str(queue) == shown
    assert repr(queue) == f"<SqsQueue {shown.removeprefix('sqs ')}>"
