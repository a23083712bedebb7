"""What the contract does not see, on the real server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any

import pytest
from attrs import evolve
from pamqp import commands

from asynctasq.adapters.rabbitmq import delays
from asynctasq.adapters.rabbitmq.address import parse
from asynctasq.adapters.rabbitmq.queue import RabbitmqQueue
from asynctasq.domain.errors import ConfigurationError, Unavailable
from asynctasq.domain.lease import Lease
from asynctasq.domain.lifecycle import State
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Ack, Bury, Reason, Release, Retry
from tests.rabbitmq import Broker, new_names

pytestmark = pytest.mark.broker("rabbitmq")

NAMES = new_names()
UNIT_SECONDS = 0.05
Scenario = Callable[[], Coroutine[Any, Any, None]]


@pytest.fixture(autouse=True, scope="module")
def _leave_nothing_behind():
    yield
    asyncio.run(Broker(NAMES, UNIT_SECONDS).clear())


def on_a_loop(scenario: Scenario) -> Callable[[], None]:
    @wraps(scenario)
    def test() -> None:
        asyncio.run(scenario())

    return test


@asynccontextmanager
async def fresh() -> AsyncIterator[Broker]:
    broker = Broker(NAMES, UNIT_SECONDS)
    await broker.empty()
    try:
        yield broker
    finally:
        await broker.close_all()


def message(id: str, queue: str = "one", **options: Any) -> Message:
    return Message(id, queue, task="t", body=b"body", **options)


async def lease(client: RabbitmqQueue, *queues: str, limit: int = 10, wait: float = 0.0) -> list[Lease]:
    leases = await client.lease(queues or ("one",), limit=limit, lease_seconds=30, owner="me", wait=wait)
    return list(leases)


def ids(leases: list[Lease]) -> list[str]:
    return [lease.message.id for lease in leases]


@on_a_loop
async def test_a_client_whose_connection_was_cut_connects_again_by_itself():
    async with fresh() as broker:
        client = broker.client()
        await client.enqueue([message("a"), message("b")])
        [held] = await lease(client, limit=1)

        await broker.crash(client)
        refusals = await client.settle([Ack(held)])

        assert [refusal.reason for refusal in refusals] == [Reason.LOST]
        assert sorted(ids(await lease(client))) == ["a", "b"]


@on_a_loop
async def test_a_lease_that_waits_hears_at_once_that_the_connection_is_gone():
    async with fresh() as broker:
        client = broker.client()
        waiting = asyncio.create_task(lease(client, wait=60))
        await broker.has_consumers("one", 1)

        await broker.crash(client)

        async with asyncio.timeout(5):
            with pytest.raises(Unavailable):
                await waiting


@on_a_loop
async def test_nobody_who_answers_is_unavailable_at_once():
    async with asyncio.timeout(2):
        with pytest.raises(Unavailable, match="cannot be reached"):
            await RabbitmqQueue("amqp://localhost:1").open()


@on_a_loop
async def test_a_wrong_password_is_said_and_not_shown():
    async with fresh() as broker:
        client = broker.client(url="amqp://guest:wrong-secret@127.0.0.1:5672/")

        with pytest.raises(ConfigurationError, match="ACCESS_REFUSED") as caught:
            await client.open()

        assert "wrong-secret" not in str(caught.value)


WRONG_NOW = {
    "amqp://guest:wrong-secret@127.0.0.1:5672/": "ACCESS_REFUSED",
    "amqps://guest:guest@127.0.0.1:5672/?cafile=/nowhere": "No such file",
}


@on_a_loop
async def test_who_was_let_in_before_may_be_again_whatever_is_wrong_now():
    async with fresh() as broker:
        client = broker.client()
        await client.open()
        right = client._address
        client._standing.session.connection.abort()

        for url, reason in WRONG_NOW.items():
            client._address = parse(url)
            with pytest.raises(Unavailable, match=reason):
                await lease(client)
        client._address = right

        assert not await lease(client)


@on_a_loop
async def test_plain_bytes_from_others_are_defective_and_can_be_buried_and_shown():
    async with fresh() as broker:
        client = broker.client()
        await broker.publish("one", b"{not ours}")

        [found] = await lease(client)
        await client.settle([Bury(found, error=ErrorInfo("Undecodable"))])
        page = await client.admin.find(state=State.DEAD)

        assert found.defect is not None
        assert [view.message.id for view in page.messages] == [found.message.id]


@on_a_loop
async def test_a_thousand_messages_are_one_batch_out_and_one_in():
    async with fresh() as broker:
        client = broker.client()
        await client.enqueue([message(str(number)) for number in range(1000)])

        leases = await lease(client, limit=1000)
        await client.settle([Ack(lease) for lease in leases])

        assert ids(leases) == [str(number) for number in range(1000)]
        assert await lease(client) == []


@on_a_loop
async def test_what_comes_while_nobody_asks_is_put_back_at_no_cost():
    async with fresh() as broker:
        holder, other = broker.client(), broker.client()
        await holder.enqueue([message("a"), message("b")])
        first = await lease(holder, limit=1, wait=5)

        await holder.settle([Ack(lease) for lease in first])
        [second] = await lease(other, wait=5)

        assert (ids(first), second.message.id, second.attempt) == (["a"], "b", 1)


@on_a_loop
async def test_a_second_message_comes_by_itself_once_the_first_is_settled():
    async with fresh() as broker:
        client = broker.client()
        await client.enqueue([message("a")])
        [first] = await lease(client, wait=5)

        waiting = asyncio.create_task(lease(client, wait=5))
        await client.settle([Ack(first)])
        await client.enqueue([message("b")])

        assert ids(await waiting) == ["b"]


@on_a_loop
async def test_prefetch_count_caps_what_a_client_holds():
    async with fresh() as broker:
        client = broker.client(prefetch_count=2)
        await client.enqueue([message(id) for id in "abc"])

        held = await lease(client)
        meanwhile = await lease(client)
        waiting = asyncio.create_task(lease(client, wait=5))
        await client.settle([Ack(held[0])])

        assert (len(held), meanwhile) == (2, [])
        assert len(await waiting) == 1


@on_a_loop
async def test_a_delay_longer_than_all_levels_is_sent_on_when_it_comes_out():
    async with fresh() as broker:
        client = broker.client()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(delays, "LONGEST_UNITS", 3)
            await client.enqueue([message("a", delay_seconds=8 * UNIT_SECONDS)])
        begun = asyncio.get_running_loop().time()
        [late] = await lease(client, wait=5)

        assert asyncio.get_running_loop().time() - begun >= 7 * UNIT_SECONDS
        assert (late.message.id, late.attempt) == ("a", 1)


@on_a_loop
async def test_a_queue_that_somebody_deleted_is_made_again():
    async with fresh() as broker:
        client = broker.client()
        await client.enqueue([message("gone")])
        session = await broker.session()
        publisher = await session.publisher()

        await publisher.call(commands.Queue.Delete(queue=NAMES.queue("one")), commands.Queue.DeleteOk)
        await client.enqueue([message("a"), message("b", delay_seconds=8 * UNIT_SECONDS)])

        assert ids(await lease(client)) + ids(await lease(client, wait=5)) == ["a", "b"]


@on_a_loop
async def test_an_exchange_that_somebody_deleted_is_made_again():
    async with fresh() as broker:
        client = broker.client()
        await client.enqueue([message("first")])
        session = await broker.session()
        publisher = await session.publisher()

        await publisher.call(commands.Exchange.Delete(exchange=NAMES.exchange), commands.Exchange.DeleteOk)
        with pytest.raises(Unavailable, match="NOT_FOUND"):
            await client.enqueue([message("lost")])
        await client.enqueue([message("second")])
        await publisher.call(commands.Exchange.Delete(exchange=NAMES.exchange), commands.Exchange.DeleteOk)
        await broker.client().enqueue([message("third")])

        assert ids(await lease(client)) == ["first", "second", "third"]


@on_a_loop
async def test_a_retry_keeps_its_bytes_and_what_is_known_of_it():
    async with fresh() as broker:
        client = broker.client()
        sent = message("a", headers={"k": "ü"})
        await client.enqueue([sent])
        [first] = await lease(client)
        await client.settle([Retry(first, delay_seconds=UNIT_SECONDS, error=ErrorInfo("E"))])

        [second] = await lease(client, wait=5)
        await client.settle([Release(second, skewed_seconds=4.0)])
        [third] = await lease(client)

        assert (third.message, third.attempt, third.failures, third.skewed_seconds) == (evolve(sent), 2, 1, 4.0)


@on_a_loop
async def test_names_with_dots_do_not_meet():
    async with fresh() as broker:
        client = broker.client()
        queues = ("b", "a.b", "a", "a.dead", "dead")

        await client.enqueue([message(name, name) for name in queues])
        at_once = {name: ids(await lease(client, name)) for name in queues}
        await client.enqueue([message(name, name, delay_seconds=UNIT_SECONDS) for name in queues])
        later = {name: ids(await lease(client, name, wait=5)) for name in queues}

        assert at_once == later == {name: [name] for name in queues}


@on_a_loop
async def test_the_dead_are_looked_at_by_one_at_a_time_and_seen_whole():
    async with fresh() as broker:
        clients = [broker.client() for _ in range(3)]
        await clients[0].enqueue([message(str(number)) for number in range(20)])
        leases = await lease(clients[0], limit=20)
        await clients[0].settle([Bury(lease, error=ErrorInfo("E")) for lease in leases])

        pages = await asyncio.gather(*(client.admin.find(state=State.DEAD) for client in clients))

        assert [len(page.messages) for page in pages] == [20, 20, 20]


@on_a_loop
async def test_many_clients_may_need_a_new_queue_at_the_same_moment():
    async with fresh() as broker:
        clients = [broker.client() for _ in range(8)]
        await asyncio.gather(*(client.open() for client in clients))

        await asyncio.gather(*(client.enqueue([message(f"{at}", "new")]) for at, client in enumerate(clients)))

        assert sorted(ids(await lease(clients[0], "new"))) == [f"{at}" for at in range(8)]


@on_a_loop
async def test_what_was_settled_right_before_the_end_stays_settled():
    async with fresh() as broker:
        client, other = broker.client(), broker.client()
        await client.enqueue([message(str(number)) for number in range(200)])
        leases = await lease(client, limit=200)

        await client.settle([Ack(lease) for lease in leases[100:]])
        await client.settle([Ack(lease) for lease in leases[:100]])
        await client.close()

        assert await lease(other, wait=0.2) == []
