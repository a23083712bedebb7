"""What the contract does not see: memory, sizes, tokens, damage."""

import asyncio

import pytest

from asynctasq.adapters.redis.queue import RedisQueue
from asynctasq.domain.lifecycle import State
from asynctasq.domain.message import IdempotencyKey
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Ack, Bury, Cancel, Enqueue, Reason, Retry
from tests.servers import URLS
from tests.unit.adapters.redis.server import until
from tests.unit.adapters.redis.traffic import leased, map_acks, messages

pytestmark = pytest.mark.broker("redis")

ERROR = ErrorInfo("builtins.ValueError", "no", "Traceback …")


def keys(redis, prefix):
    return sorted(redis.scan_iter(f"{{{prefix}}}*", count=1000))


def test_no_key_is_left_when_all_is_settled(queue, redis, prefix, runner):
    async def scenario():
        await queue.enqueue([*messages(5), *messages(3, "later", delay=100), *messages(2, "dead")])
        first, second, *others = await leased(queue)
        await queue.settle([Retry(first, delay_seconds=0, error=ERROR), Cancel(second)])
        await queue.settle([Ack(lease, effects=(Enqueue(messages(1, "next")[0]),)) for lease in others])
        await queue.settle([Bury(lease, error=ERROR) for lease in await leased(queue, "dead")])
        during = len(keys(redis, prefix))
        await queue.settle([Ack(lease) for lease in await leased(queue, "default", "next")])
        await queue.admin.requeue(["dead-0"])
        await queue.settle([Ack(lease) for lease in await leased(queue, "dead")])
        await queue.admin.delete(["dead-1", second.message.id])
        await queue.admin.purge("later", states={State.SCHEDULED})
        return during

    assert runner.run(scenario()) > 0
    assert keys(redis, prefix) == []


def test_a_batch_of_any_size_goes_through(queue, runner):
    async def scenario():
        refusals = await queue.enqueue([*messages(2500), *messages(1, start=2400)])
        leases = []
        while some := await leased(queue, limit=5000):
            leases += some
        return refusals, leases, await queue.extend(leases, lease_seconds=60), await queue.settle(map_acks(leases))

    refusals, leases, not_extended, not_settled = runner.run(scenario())

    assert [(refusal.id, refusal.reason) for refusal in refusals] == [("default-2400", Reason.DUPLICATE)]
    assert [lease.message.id for lease in leases] == [message.id for message in messages(2500)]
    assert [*not_extended, *not_settled] == []


def test_a_repetition_of_any_size_is_known_after_all_is_finished(queue, runner):
    async def scenario():
        await queue.enqueue(messages(2500), key=IdempotencyKey("ann", 1))
        while some := await leased(queue, limit=5000):
            await queue.settle(map_acks(some))
        return await queue.enqueue(messages(2500), key=IdempotencyKey("ann", 1)), await leased(queue)

    refusals, leases = runner.run(scenario())

    assert [refusal.id for refusal in refusals] == [message.id for message in messages(2500)]
    assert leases == []


def test_of_all_calls_of_a_sender_one_key_is_left_for_an_hour(queue, redis, prefix, runner):
    async def scenario():
        for number in range(5):
            await queue.enqueue(messages(1, start=number), key=IdempotencyKey("ann", number))
        await queue.settle(map_acks(await leased(queue)))

    runner.run(scenario())

    [key] = keys(redis, prefix)
    assert redis.get(key) == b"4"
    assert 3590 < redis.ttl(key) <= 3600


def test_large_bodies_are_leased_some_at_a_time(queue, runner):
    async def scenario():
        sent = messages(5, body=b"x" * (7 * 1024 * 1024))
        await queue.enqueue(sent)
        sizes = []
        while leases := await leased(queue):
            assert all(lease.message.body == sent[0].body for lease in leases)
            sizes.append(len(leases))
            await queue.settle(map_acks(leases))
        return sizes

    assert runner.run(scenario()) == [2, 2, 1]


def test_a_token_never_fits_a_later_life_of_its_message(queue, runner):
    async def scenario():
        await queue.enqueue(messages(1))
        [first] = await leased(queue)
        await queue.settle([Ack(first)])
        await queue.enqueue(messages(1))
        [second] = await leased(queue)
        refusals = [*await queue.settle([Ack(first)]), *await queue.settle([Bury(second, error=ERROR)])]
        await queue.admin.requeue(["default-0"])
        [third] = await leased(queue)
        refusals += await queue.settle([Ack(first), Ack(second)])
        return refusals, await queue.settle([Ack(third)]), {lease.token for lease in (first, second, third)}

    refusals, last, tokens = runner.run(scenario())

    assert [refusal.reason for refusal in refusals] == [Reason.LOST] * 3
    assert list(last) == []
    assert len(tokens) == 3


def test_leases_of_one_call_have_different_tokens(queue, runner):
    async def scenario():
        await queue.enqueue([*messages(20), *messages(20, "other")])
        return await leased(queue, "default", "other")

    leases = runner.run(scenario())

    assert len({lease.token for lease in leases}) == len(leases) == 40


def test_what_was_thrown_away_behind_our_back_stops_nobody(queue, redis, prefix, runner):
    async def scenario():
        await queue.enqueue(messages(3))
        redis.hdel(f"{{{prefix}}}:content", "default-0")
        redis.hset(f"{{{prefix}}}:content", "default-1", b"\xff")
        redis.hdel(f"{{{prefix}}}:card", "default-2")
        await queue.enqueue(messages(1, start=3))
        return await leased(queue)

    leases = runner.run(scenario())

    assert [(lease.message.id, lease.defect is not None) for lease in leases] == [
        ("default-0", True),
        ("default-1", True),
        ("default-3", False),
    ]


def test_what_came_due_without_its_card_stands_in_nobodys_way(queue, redis, prefix, runner):
    async def scenario():
        await queue.enqueue(messages(1, delay=1000))
        redis.zadd(f"{{{prefix}}}:scheduled:default", dict.fromkeys(map(str, range(1500)), 1))
        redis.zadd(f"{{{prefix}}}:scheduled:default", {"default-0": 2})
        return [*await leased(queue), *await leased(queue)]

    assert [lease.message.id for lease in runner.run(scenario())] == ["default-0"]


def test_two_prefixes_share_nothing(queue, prefix, runner):
    async def scenario():
        other = RedisQueue(URLS["redis"], prefix=f"{prefix}-other")
        await queue.enqueue(messages(1))
        found = await leased(other), await other.admin.stats(), await other.enqueue(messages(1))
        await other.admin.purge("default", states={State.PENDING})
        await other.close()
        return found

    leases, stats, refusals = runner.run(scenario())

    assert [*leases, *stats, *refusals] == []


def test_a_cancelled_lease_gives_back_what_it_had_leased_already(queue, runner):
    async def scenario():
        await queue.enqueue(messages(3))
        call = asyncio.create_task(leased(queue))
        await until(lambda: queue._connection._present().busy_count)
        call.cancel()
        await asyncio.wait([call])
        return call.cancelled(), await leased(queue)

    cancelled, leases = runner.run(scenario())

    assert cancelled
    assert [lease.attempt for lease in leases] == [1, 1, 1]
