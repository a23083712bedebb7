"""Looking into a queue that nobody leases from: AMQP shows a message only by delivering it, so all go back after."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from attrs import define, field
from pamqp import commands

from asynctasq.adapters.rabbitmq.channel import Channel
from asynctasq.adapters.rabbitmq.consumers import FILLER, without_fillers
from asynctasq.adapters.rabbitmq.deliveries import Delivery, Subscription
from asynctasq.adapters.rabbitmq.envelope import Envelope, unpack
from asynctasq.adapters.rabbitmq.faults import RESOURCE_LOCKED, ChannelLost
from asynctasq.adapters.rabbitmq.frames import Publication
from asynctasq.adapters.rabbitmq.session import Session
from asynctasq.domain.errors import Unavailable

LOCK_SECONDS = 5.0
LOCK_PAUSE_SECONDS = 0.05


@define(eq=False)
class Letter:
    delivery: Delivery
    envelope: Envelope = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.envelope = unpack(self.delivery.body)

    @property
    def id(self) -> str:
        return self.delivery.id or f"nameless-{self.delivery.tag}"


@define(eq=False)
class Reader:
    """Sees everything, because there is only one reader at a time, among all clients."""

    session: Session
    channel: Channel

    @classmethod
    @asynccontextmanager
    async def alone(cls, session: Session) -> AsyncGenerator["Reader"]:
        """What was not acked is back where it was when this ends."""
        channel = await _locked(session)
        try:
            yield cls(session, channel)
        finally:
            # Its consumers are gone, so closing gives back what it holds; the lock goes last.
            if channel.error is None:
                await _release(session, channel)

    async def read(self, queue: str, source: str, limit: int) -> list[Letter]:
        """The oldest letters in the server's queue `source`, which belongs to `queue` of ours.

        A message of our own, put behind them, tells where they end. No count would: more may come meanwhile.
        """
        tag = self.session.new_tag(queue)
        mark = FILLER + tag.encode()
        deliveries: list[Delivery] = []
        read = asyncio.Event()

        def sink(delivery: Delivery | None) -> None:
            if delivery is not None:
                deliveries.append(delivery)
            if delivery is None or delivery.body == mark or len(deliveries) == limit:
                read.set()

        await self.session.publish(self.channel, [Publication(queue, "", source, "filler", mark)])
        subscription = Subscription(queue, tag, sink)
        await self.channel.answered([self.channel.consume(subscription, source, limit=limit)])
        await self.channel.connection.comes(read)
        await self.channel.answered([self.channel.cancel(subscription)])
        return [Letter(delivery) for delivery in without_fillers(deliveries)]

    async def remove(self, letters: list[Letter]) -> None:
        self.channel.ack([letter.delivery for letter in letters])
        await self.channel.sync()


async def _locked(session: Session) -> Channel:
    """A queue that is exclusive to one connection is a lock that ends with it."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + LOCK_SECONDS
    while True:
        channel = await Channel.open(session.connection)
        try:
            lock = commands.Queue.Declare(queue=session.names.lock, exclusive=True, auto_delete=True)
            await channel.call(lock, commands.Queue.DeclareOk)
        except ChannelLost as error:
            if error.code != RESOURCE_LOCKED:
                raise
            if loop.time() >= deadline:
                raise Unavailable("somebody else is looking at the dead letters, try again") from error
            await asyncio.sleep(LOCK_PAUSE_SECONDS)
        else:
            return channel


async def _release(session: Session, channel: Channel) -> None:
    channel.give_back_all()
    await channel.call(commands.Queue.Delete(queue=session.names.lock), commands.Queue.DeleteOk)
    channel.close()
