"""Behind one address a replica takes over, and the old primary lives on as a replica with its connections open."""

import asyncio

import pytest
from redis import Redis
from redis.exceptions import ResponseError

from asynctasq.adapters.redis import queue as queue_module
from asynctasq.adapters.redis.faults import leads_elsewhere
from asynctasq.adapters.redis.history import RedisHistory
from asynctasq.adapters.redis.queue import RedisQueue
from asynctasq.domain.errors import Unavailable
from asynctasq.domain.message import Message
from asynctasq.domain.record import TaskRecord
from asynctasq.domain.verdict import Ack
from tests.acceptance.brokers.proxy import Proxy
from tests.unit.adapters.redis.server import until

pytestmark = pytest.mark.broker("redis")

AT_ONCE = ("--repl-diskless-sync-delay", "0")
NOBODY = 1
"""A port on which no primary answers."""


class Pair:
    """A primary with its replica, and an address that leads to the primary until `fail_over`."""

    def __init__(self, start, address):
        self.old, self.address = start(*AT_ONCE), address
        self.new = start("--replicaof", f"127.0.0.1 {self.old.port}", *AT_ONCE)
        address.target = self.old.port
        self.url = f"redis://127.0.0.1:{address.port}"

    def catch_up(self):
        with Redis(port=self.old.port) as old, Redis(port=self.new.port) as new:
            while not old.wait(1, 100) or new.info("replication")["master_link_status"] != "up":
                pass  # the server has done the waiting

    def fail_over(self, follows=True):
        """`follows`: the old primary has found the new one."""
        self.catch_up()
        with Redis(port=self.old.port) as old, Redis(port=self.new.port) as new:
            new.replicaof("NO", "ONE")
            old.replicaof("127.0.0.1", self.new.port if follows else NOBODY)
        self.address.target = self.new.port


@pytest.fixture
def pair(start):
    with Proxy(0) as address:
        yield Pair(start, address)


def message(id):
    return Message(id, "default", task="tasks:work", body=b"body")


async def leased(queue, wait=0.0):
    return await queue.lease(["default"], limit=10, lease_seconds=30, owner="test", wait=wait)


def test_each_client_fails_once_and_then_works_with_the_new_primary(pair, runner):
    verbs = {
        "enqueue": lambda queue, _: queue.enqueue([message("two")]),
        "extend": lambda queue, held: queue.extend(held, lease_seconds=30),
        "settle": lambda queue, held: queue.settle([Ack(lease) for lease in held]),
    }

    async def scenario():
        queues = {verb: RedisQueue(pair.url) for verb in verbs}
        await queues["enqueue"].enqueue([message("one")])
        held = [*await leased(queues["enqueue"])]
        for queue in queues.values():
            await queue.ping()
        pair.fail_over()
        answers = []
        for verb, queue in queues.items():
            with pytest.raises(Unavailable, match="READONLY"):
                await verbs[verb](queue, held)
            answers.append(list(await verbs[verb](queue, held)))
            await queue.close()
        return answers

    assert runner.run(scenario()) == [[], [], []]


@pytest.mark.parametrize("follows", [True, False])
def test_who_waits_in_vain_at_the_old_primary_is_told_and_then_hears_the_new_one(pair, runner, monkeypatch, follows):
    queue = RedisQueue(pair.url)

    async def scenario():
        call = asyncio.create_task(leased(queue, wait=30))
        await until(lambda: queue._connection.news.hears(["default"]))
        pair.fail_over(follows)
        other = RedisQueue(pair.url)
        with pytest.raises(Unavailable, match="READONLY"):
            await asyncio.wait_for(call, 5)
        # From now on only what is announced is found.
        monkeypatch.setattr(queue_module, "LOOK_SECONDS", 30.0)
        call = asyncio.create_task(leased(queue, wait=30))
        with Redis(port=pair.new.port) as new:
            async with asyncio.timeout(5):
                await until(lambda: new.pubsub_numsub("{asynctasq}:news:default")[0][1])
        await until(lambda: queue._connection.news.hears(["default"]))
        await other.enqueue([message("one")])
        found = await asyncio.wait_for(call, 5)
        for each in (queue, other):
            await each.close()
        return [lease.message.id for lease in found]

    assert runner.run(scenario()) == ["one"]


def test_the_history_of_tasks_goes_on_at_the_new_primary(pair, runner):
    history = RedisHistory(pair.url)
    record = TaskRecord(
        id="one", task="tasks:work", queue="default", attempt=1, worker="w", finished_at=1.0, duration_seconds=0.0
    )

    async def scenario():
        await history.open()
        pair.fail_over()
        with pytest.raises(Unavailable, match="read only"):
            await history.append([record])
        await history.append([record])
        found = await history.find("one")
        await history.close()
        return found

    assert runner.run(scenario()) == record


@pytest.mark.parametrize(
    "text",
    [
        "READONLY You can't write against a read only replica. script: e344, on @user_script:295",
        "ERR Error running script (call to f_e344): @user_script:295: @user_script: 295: -READONLY You can't write",
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        "MOVED 3999 127.0.0.1:6381",
    ],
)
def test_an_answer_that_points_to_another_server_is_known(text):
    assert leads_elsewhere(ResponseError(text))


def test_a_server_that_is_full_is_still_the_right_one():
    assert not leads_elsewhere(ResponseError("OOM command not allowed when used memory > 'maxmemory'."))
