"""Queues that refuse what they are sent, as they do while they have no leader."""

import asyncio

import pytest

from asynctasq.adapters.rabbitmq import topology
from asynctasq.adapters.rabbitmq.channel import Channel
from asynctasq.adapters.rabbitmq.confirms import Batch
from asynctasq.adapters.rabbitmq.consumers import FILLER
from asynctasq.adapters.rabbitmq.queue import _give_back
from asynctasq.domain.errors import Unavailable
from asynctasq.domain.message import Message
from tests.rabbitmq import PATIENCE_SECONDS, Broker, new_names

pytestmark = pytest.mark.broker("rabbitmq")

NAMES = new_names()


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(topology, "FIRST_PAUSE_SECONDS", 0.001)


@pytest.fixture
def broker():
    with asyncio.Runner() as runner:
        broker = Broker(NAMES)
        runner.run(broker.empty())
        broker.run = runner.run
        yield broker
        runner.run(broker.close_all())
        runner.run(Broker(NAMES).clear())


@pytest.fixture
def refuse(broker):
    """Refuse all that is published on channels of which `concerns` is true."""
    publish = Channel.publish
    with pytest.MonkeyPatch.context() as patch:

        def refuse(concerns):
            async def refusing(channel, publications):
                if not concerns(channel):
                    return await publish(channel, publications)
                return Batch(asyncio.get_running_loop().create_future(), 0, refused=list(publications))

            patch.setattr(Channel, "publish", refusing)

        yield refuse


def message(id, queue="one"):
    return Message(id, queue, task="t", body=b"")


async def lease(client, *queues):
    leases = await client.lease(queues, limit=5, lease_seconds=30, owner="me", wait=1)
    return [each.message.id for each in leases]


def test_what_a_channel_refuses_for_good_is_sent_on_another(broker, refuse):
    async def scenario():
        client = broker.client()
        session = await client._connected()
        first = await session.publisher()
        refuse(lambda channel: channel is first)
        await client.enqueue([message("id")])
        return await lease(client, "one"), first.error

    ids, error = broker.run(scenario())

    assert ids == ["id"]
    assert error is not None


def test_what_is_refused_until_the_end_is_unavailable(broker, refuse):
    async def scenario():
        client = broker.client()
        publisher = (await client._connected()).publisher
        await client.enqueue([message("id")])
        channels = {await publisher()}
        refuse(lambda channel: channels.add(channel) or True)
        with pytest.raises(Unavailable, match="did not take 1 messages for one"):
            await client.enqueue([message("other")])
        return [channel for channel in channels if channel.error is None]

    assert broker.run(scenario()) == []


def test_a_queue_whose_name_is_refused_is_found_all_the_same(broker, refuse):
    async def scenario():
        client = broker.client()
        channels = []
        refuse(lambda channel: channels.append(channel) or channel is channels[0])
        await client.enqueue([message("id", "new")])
        return await client.admin.queues()

    assert "new" in broker.run(scenario())


def test_a_consumer_whose_fillers_are_refused_takes_nothing_more(broker, refuse):
    async def scenario():
        client, other = broker.client(), broker.client()
        await lease(client, "one")  # its consumer stands
        refuse(lambda _: True)
        await (await client._attended()).silence()
        refuse(lambda _: False)
        await other.enqueue([message("id")])
        return await lease(other, "one")

    assert broker.run(scenario()) == ["id"]


def test_what_no_queue_takes_back_is_had_by_who_asks_next(broker, refuse):
    async def scenario():
        client, other = broker.client(), broker.client()
        await lease(client, "one", "two")  # its consumers stand
        session = await client._connected()
        channels = [await session.lessor("one"), await session.lessor("two")]
        refuse(lambda channel: channel.connection is session.connection)
        await other.enqueue([message("id", "one"), message("another", "two")])
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not all(channel.strays for channel in channels):
                await channels[0].sync()
        return await lease(client, "one"), await lease(client, "two")

    assert broker.run(scenario()) == (["id"], ["another"])


def test_what_no_queue_takes_back_keeps_no_other_queue_waiting(broker, refuse):
    async def scenario():
        client, other = broker.client(), broker.client()
        await lease(client, "one")  # its consumer stands
        session = await client._connected()
        channel = await session.lessor("one")
        refuse(lambda channel: channel.connection is session.connection)
        await other.enqueue([message("id", "one"), message("another", "two")])
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not channel.strays:
                await channel.sync()
        return await lease(client, "two"), await lease(client, "one")

    assert broker.run(scenario()) == (["another"], ["id"])


def test_what_cannot_be_given_back_after_a_cancellation_is_had_by_who_asks_next(broker, refuse):
    async def scenario():
        client = broker.client()
        await client.enqueue([message("id")])
        leases = await client.lease(["one"], limit=1, lease_seconds=30, owner="me", wait=1)
        refuse(lambda _: True)
        await _give_back(await client._attended(), leases)
        return await lease(client, "one")

    assert broker.run(scenario()) == ["id"]


def test_what_has_come_is_leased_though_nobody_can_tell_whether_there_is_more(broker, monkeypatch):
    async def scenario():
        client = broker.client()
        await broker.publish("one", FILLER)
        await client.enqueue([message("id")])
        topology = (await client._connected()).topology
        told = [await topology.counts([NAMES.queue("one")])]

        async def counts(_):
            if not told:
                raise Unavailable("no answer")
            return told.pop()

        monkeypatch.setattr(topology, "counts", counts)
        return await client.lease(["one"], limit=5, lease_seconds=30, owner="me")

    assert [each.message.id for each in broker.run(scenario())] == ["id"]
