"""What lives as long as one connection: its channels, what they hold, and how things are published on them."""

import asyncio
import uuid
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from attrs import define, evolve

from asynctasq.adapters.rabbitmq.address import Address
from asynctasq.adapters.rabbitmq.channel import Channel
from asynctasq.adapters.rabbitmq.confirms import Batch
from asynctasq.adapters.rabbitmq.connection import Connection
from asynctasq.adapters.rabbitmq.deliveries import Delivery
from asynctasq.adapters.rabbitmq.envelope import Envelope, Record, pack, unpack
from asynctasq.adapters.rabbitmq.faults import NOT_FOUND, ChannelLost
from asynctasq.adapters.rabbitmq.frames import Publication
from asynctasq.adapters.rabbitmq.topology import Names, Topology, pauses, refused
from asynctasq.domain.errors import Unavailable

PUBLISH_ATTEMPTS = 4
LEASING_SECONDS = 60.0
"""So long a channel takes deliveries. One that is unsettled for too long makes the server close its channel, with all
that is held there; this way its company is what began in the same minute."""


@define(eq=False)
class Held:
    """A delivery as a worker has it. It ends with its channel."""

    delivery: Delivery
    id: str
    envelope: Envelope
    attempt: int
    owner: str | None

    @classmethod
    def of(cls, delivery: Delivery, owner: str | None = None) -> "Held":
        envelope = unpack(delivery.body)
        attempt = envelope.record.attempt + delivery.return_count + 1
        return cls(delivery, delivery.id or str(uuid.uuid4()), envelope, attempt, owner)


@define(eq=False)
class Lessor:
    """The channel on which one queue is consumed."""

    channel: Channel
    until: float

    def serves(self, now: float) -> bool:
        return self.channel.error is None and (now < self.until or not self.channel.unsettled)


class Session:
    def __init__(self, connection: Connection, names: Names, unit_seconds: float) -> None:
        self.connection = connection
        self.names = names
        self.topology = Topology(connection, names, unit_seconds)
        self._held: dict[str, Held] = {}
        self._bells: list[asyncio.Event] = []
        self._name = uuid.uuid4().hex
        self._opening = asyncio.Lock()
        self._publisher: Channel | None = None
        self._leasing: list[Channel] = []
        self._lessors: dict[str, Lessor] = {}
        self._number = 0

    @classmethod
    async def open(cls, address: Address, names: Names, unit_seconds: float) -> "Session":
        return cls(await Connection.open(address), names, unit_seconds)

    @property
    def held_count(self) -> int:
        return len(self._held)

    def hold(self, held: Held) -> str:
        """The token of this lease."""
        self._number += 1
        token = f"{self._name}.{self._number}"
        self._held[token] = held
        return token

    def get(self, token: str) -> Held | None:
        """What is held by this token, unless its channel is gone."""
        held = self._held.get(token)
        if held is not None and not held.delivery.live:
            self._let_go(token)
            return None
        return held

    def claim(self, token: str) -> Held | None:
        """The same, for one who will settle it: nobody else gets it meanwhile."""
        held = self.get(token)
        if held is not None:
            self._let_go(token)
        return held

    def unclaim(self, token: str, held: Held) -> None:
        self._held[token] = held

    @contextmanager
    def bell(self, event: asyncio.Event) -> Generator[None]:
        """Meanwhile `event` is set whenever something that was held is held no more."""
        self._bells.append(event)
        try:
            yield
        finally:
            self._bells.remove(event)

    def new_tag(self, queue: str) -> str:
        """For a consumer."""
        self._number += 1
        return f"{self._name}.{self._number}.{queue}"

    async def publisher(self) -> Channel:
        """For what is enqueued."""
        async with self._opening:
            if self._publisher is None or self._publisher.error is not None:
                self._publisher = await Channel.open(self.connection)
            return self._publisher

    async def lessor(self, queue: str) -> Channel:
        """For what is leased of this queue from now on. One that gives no answer so keeps no other waiting."""
        async with self._opening:
            now = asyncio.get_running_loop().time()
            lessor = self._lessors.get(queue)
            if lessor is not None and lessor.serves(now):
                return lessor.channel
            self._close_idle()
            channel = await Channel.open(self.connection)
            self._leasing.append(channel)
            self._lessors[queue] = Lessor(channel, now + LEASING_SECONDS)
            return channel

    def _close_idle(self) -> None:
        """Of the channels that nothing begins on any more those on which everything has ended."""
        self._leasing = [channel for channel in self._leasing if channel.error is None]
        lessors = {lessor.channel for lessor in self._lessors.values()}
        for channel in [each for each in self._leasing if not (each.busy or each in lessors)]:
            self._leasing.remove(channel)
            channel.close()

    async def close(self) -> None:
        """Nothing is under way on it any more."""
        owing = max((channel.owing_until for channel in self._leasing), default=0.0)
        await asyncio.sleep(max(0.0, owing - asyncio.get_running_loop().time()))
        await self.connection.close()

    def strays(self) -> list[Delivery]:
        """Take what was delivered when nobody waited for it."""
        strays: list[Delivery] = []
        for channel in self._leasing:
            strays += channel.strays
            channel.strays.clear()
        return [delivery for delivery in strays if delivery.live]

    async def publish(
        self, channel: Channel, publications: Sequence[Publication], *, attempts: int = PUBLISH_ATTEMPTS
    ) -> None:
        """Return when the server is responsible for all of these."""
        left = publications
        for pause_seconds in pauses(attempts):
            batch = await self._publish(channel, left)
            returned = [each for each in left if (each.exchange, each.key) in batch.returned]
            left = [*returned, *batch.refused]
            if not left:
                return
            await self.topology.repair(each.queue for each in returned)
            if batch.refused:
                await asyncio.sleep(pause_seconds)
                # The server's end of a channel may go on asking a leader that has died, for as long as it lives.
                self._leave(channel)
                channel = await self.publisher()
        raise refused(left)

    async def _publish(self, channel: Channel, publications: Sequence[Publication]) -> Batch:
        try:
            return await channel.publish(publications)
        except ChannelLost as error:
            if error.code == NOT_FOUND:
                self.topology.distrust()
            raise
        except Unavailable:
            # Whatever else is published on it may wait as well, for the leader of another queue.
            self._leave(channel)
            raise

    def _leave(self, channel: Channel) -> None:
        """Enqueue on another one from now on; this one is closed when nothing is under way on it any more."""
        if channel is self._publisher:
            self._publisher = None
            self._leasing.append(channel)
            self._close_idle()

    async def publication(
        self, queue: str, id: str, envelope: Envelope, record: Record | None, *, delay_seconds: float = 0.0
    ) -> Publication:
        """A message on its way to be leased after the delay."""
        way = await self.topology.way(queue, delay_seconds)
        exchange, key = self.names.exchange, queue
        if way is not None:
            exchange, key = self.topology.entrance(way), way.key
            if way.later_seconds:
                record = evolve(record or Record(), later_seconds=way.later_seconds)
        return Publication(queue, exchange, key, id, pack(envelope.header, envelope.body, record))

    def _let_go(self, token: str) -> None:
        del self._held[token]
        for event in self._bells:
            event.set()
