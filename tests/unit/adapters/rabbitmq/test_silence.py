"""A server that gives no answer about one queue, and one that gives none at all."""

import asyncio

import pytest

from asynctasq.adapters.rabbitmq import channel as channel_module
from asynctasq.adapters.rabbitmq import connection as connection_module
from asynctasq.adapters.rabbitmq.connection import bounded
from asynctasq.domain.errors import Unavailable
from asynctasq.domain.message import Message
from asynctasq.domain.verdict import Ack, Reason, Release
from tests.rabbitmq import Broker, new_names

pytestmark = pytest.mark.broker("rabbitmq")

NAMES = new_names()
SOON_SECONDS = 0.2


class Mute:
    """A connection that loses what one channel says, so that nobody answers it."""

    def __init__(self, channel):
        self._connection, self._number = channel.connection, channel._number

    def __getattr__(self, name):
        return getattr(self._connection, name)

    def send(self, number, *frames):
        if number != self._number:
            self._connection.send(number, *frames)

    def write(self, data):
        """A channel writes its own frames only."""


@pytest.fixture
def broker():
    with asyncio.Runner() as runner:
        broker = Broker(NAMES, 0.05)
        runner.run(broker.empty())
        broker.run = runner.run
        yield broker
        runner.run(broker.close_all())
        runner.run(Broker(NAMES, 0.05).clear())


@pytest.fixture(autouse=True)
def impatience(broker):
    """From when on an answer is soon given up: only once the client stands, and no more when all is cleared away."""
    with pytest.MonkeyPatch.context() as patch:
        broker.impatience = lambda: patch.setattr(channel_module, "bounded", lambda wait: bounded(wait, SOON_SECONDS))
        patch.setattr(channel_module, "PROBE_SECONDS", SOON_SECONDS)
        yield


async def client_with(broker, *queues):
    """A client with one lease of each queue, the channels of these queues, and its session."""
    client = broker.client()
    await client.enqueue([Message(queue, queue, task="t", body=b"") for queue in queues])
    leases = {}
    while len(leases) < len(queues):
        leases |= {lease.message.queue: lease for lease in await lease(client, *queues)}
    session = await client._connected()
    channels = {queue: await session.lessor(queue) for queue in queues}
    broker.impatience()
    return client, leases, channels, session


async def lease(client, *queues):
    return await client.lease(queues, limit=10, lease_seconds=30, owner="me", wait=5)


def test_a_queue_without_an_answer_keeps_no_other_waiting(broker):
    async def scenario():
        client, leases, channels, session = await client_with(broker, "silent", "other")
        await client.settle([Ack(each) for each in leases.values()])
        await (await client._attended()).silence()
        channels["silent"].connection = Mute(channels["silent"])
        await client.enqueue([Message("new", "other", task="t", body=b"")])
        [new] = await lease(client, "silent", "other")
        refusals = await client.settle([Release(new)])  # before which all consumers are ended
        return refusals, session.connection.error, channels["silent"].error

    refusals, connection_error, channel_error = broker.run(scenario())

    assert (list(refusals), connection_error) == ([], None)
    assert "gave no answer" in str(channel_error)


@pytest.mark.parametrize("settling", [False, True])
def test_what_is_held_of_a_queue_without_an_answer_is_lost_and_nothing_else(broker, settling):
    async def scenario():
        client, leases, channels, session = await client_with(broker, "silent", "other")
        channels["silent"].connection = Mute(channels["silent"])
        if settling:
            refusals = await client.settle([Ack(each) for each in leases.values()])
        else:
            refusals = await client.extend(list(leases.values()), lease_seconds=30)
        return {refusal.id: refusal.reason for refusal in refusals}, session.connection.error

    assert broker.run(scenario()) == ({"silent": Reason.LOST}, None)


def test_what_is_dispatched_after_a_silence_does_not_wait_behind_it(broker, monkeypatch):
    monkeypatch.setattr(connection_module, "bounded", lambda wait, seconds=SOON_SECONDS: bounded(wait, seconds))

    async def scenario():
        client, *_, session = await client_with(broker, "silent", "other")
        publisher = await session.publisher()
        publisher.connection = Mute(publisher)
        with pytest.raises(Unavailable, match="gave no answer"):
            await client.enqueue([Message("lost", "silent", task="t", body=b"")])
        await client.enqueue([Message("new", "other", task="t", body=b"")])
        return [each.message.id for each in await lease(client, "other")]

    assert broker.run(scenario()) == ["new"]


def test_a_connection_without_any_answer_is_given_up(broker):
    async def scenario():
        client, leases, _, session = await client_with(broker, "one")
        session.connection.write = lambda data: None
        with pytest.raises(Unavailable, match="gave no answer"):
            await client.extend(list(leases.values()), lease_seconds=30)
        return session.connection.error

    assert broker.run(scenario()) is not None


def test_a_connection_whose_channels_have_all_gone_silent_is_given_up(broker, monkeypatch):
    async def scenario():
        client, _, _, session = await client_with(broker, "one")
        monkeypatch.setattr("asynctasq.adapters.rabbitmq.connection.MOST_CHANNELS", 1)
        with pytest.raises(Unavailable, match="channels of the connection"):
            await session.lessor("two")
        monkeypatch.undo()
        await client.ping()  # over a new one
        return session.connection.error

    assert "are in use" in str(broker.run(scenario()))
