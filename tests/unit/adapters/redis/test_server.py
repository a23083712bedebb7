"""What a server of its own shows: its calls, its slots, its limits."""

import time
from itertools import count

import pytest
from redis import Redis

from asynctasq.adapters.redis.queue import RedisQueue
from asynctasq.domain.errors import Unavailable
from asynctasq.domain.lifecycle import State
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Ack, Bury, Enqueue, Release, Retry
from tests.unit.adapters.redis.server import until
from tests.unit.adapters.redis.traffic import leased, map_acks, messages

pytestmark = pytest.mark.broker("redis")

ERROR = ErrorInfo("builtins.ValueError", "no", "Traceback …")


def test_the_server_is_called_as_often_for_many_messages_as_for_few(start, runner):
    server = start()
    queue = RedisQueue(server.url)

    async def calls(number):
        server_calls = {}
        leases = []

        async def enqueue():
            await queue.enqueue(messages(number))

        async def lease():
            leases.extend(await leased(queue))

        async def extend():
            await queue.extend(leases, lease_seconds=60)

        async def retry():
            await queue.settle([Retry(each, delay_seconds=0, error=ERROR) for each in leases])

        async def acknowledge():
            await queue.settle(map_acks(await leased(queue)))

        with Redis(port=server.port) as redis:
            for verb in (enqueue, lease, extend, retry, acknowledge):
                redis.config_resetstat()
                await verb()
                server_calls[verb.__name__] = sum(stats["calls"] for stats in redis.info("commandstats").values())
        return server_calls

    async def scenario():
        await calls(1)  # the scripts are known from now on
        few, many = await calls(2), await calls(200)
        await queue.close()
        return few, many

    few, many = runner.run(scenario())

    assert few == many


def test_a_lease_costs_the_same_with_and_without_a_backlog(start, runner):
    server = start()
    queue = RedisQueue(server.url)

    async def microseconds():
        """Of ten leases and settlements, the best of many: whatever else runs here makes it only slower."""
        found = []
        with Redis(port=server.port) as redis:
            for _ in range(20):
                redis.config_resetstat()
                for _ in range(10):
                    await queue.settle([Release(lease) for lease in await leased(queue, limit=10)])
                found.append(redis.info("commandstats")["cmdstat_evalsha"]["usec"])
        return min(found)

    async def scenario():
        await queue.enqueue(messages(10))
        await microseconds()
        alone = await microseconds()
        for first in range(10, 30_000, 1000):
            await queue.enqueue([*messages(1000, start=first), *messages(1000, "other", delay=1000, start=first)])
        behind = await microseconds()
        await queue.close()
        return alone, behind

    alone, behind = runner.run(scenario())

    assert behind < 3 * alone


def test_every_verb_stays_on_one_slot_of_a_cluster(start, runner):
    server = start("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf")
    queue = RedisQueue(server.url)

    async def scenario():
        await own_all_slots(server)
        await queue.enqueue([*messages(3), *messages(2, "other", delay=100)])
        first, second, third = await leased(queue, "default", "other")
        await queue.extend([first], lease_seconds=60)
        await queue.settle([Ack(first, effects=(Enqueue(messages(1, "third")[0]),)), Bury(second, error=ERROR)])
        await queue.settle([Retry(third, delay_seconds=5, error=ERROR)])
        await queue.admin.requeue([second.message.id])
        found = {state: len((await queue.admin.find(state=state)).messages) for state in State}
        names = await queue.admin.queues()
        await queue.close()
        return found, names

    found, names = runner.run(scenario())

    assert (found[State.PENDING], found[State.SCHEDULED]) == (2, 3)
    assert names == ["default", "other", "third"]


def test_a_full_server_takes_nothing_more_and_can_be_emptied(start, runner):
    server = start("--maxmemory", "4mb", "--maxmemory-policy", "noeviction")
    queue = RedisQueue(server.url)

    async def scenario():
        with pytest.raises(Unavailable, match="maxmemory"):
            await fill(queue)
        some = await leased(queue, limit=10)
        refusals = [
            *await queue.extend(some, lease_seconds=60),
            *await queue.settle([Retry(lease, delay_seconds=0, error=ERROR) for lease in some]),
        ]
        while some := await leased(queue, limit=10):
            refusals += await queue.settle(map_acks(some))
        refusals += await queue.enqueue(messages(1))
        await queue.close()
        return refusals

    assert runner.run(scenario()) == []


def test_an_idle_client_looks_once_a_second(start, runner):
    server = start()
    queue = RedisQueue(server.url)

    async def scenario():
        await queue.enqueue(messages(1, delay=1000))
        await leased(queue, "default", "other", wait=0.01)
        with Redis(port=server.port) as redis:
            redis.config_resetstat()
            begun = time.monotonic()
            await leased(queue, "default", "other", wait=1.5)
            took, stats = time.monotonic() - begun, redis.info("commandstats")
        await queue.close()
        return took, stats["cmdstat_evalsha"]["calls"]

    took, looks = runner.run(scenario())

    assert took >= 1.5
    assert looks <= 4


async def own_all_slots(server):
    with Redis(port=server.port) as redis:
        redis.execute_command("CLUSTER", "ADDSLOTS", *range(16384))
        await until(lambda: "cluster_state:ok" in str(redis.execute_command("CLUSTER", "INFO")))


async def fill(queue):
    for start in count(step=10):
        await queue.enqueue(messages(10, body=b"x" * 10_000, start=start))
