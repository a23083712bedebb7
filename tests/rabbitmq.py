"""A namespace of its own on the RabbitMQ that tests talk to, and what a test does to it beside the queue's verbs."""

import asyncio
import uuid
from collections.abc import Sequence

from pamqp import commands

from asynctasq.adapters.rabbitmq.address import parse
from asynctasq.adapters.rabbitmq.delays import HIGHEST_LEVEL
from asynctasq.adapters.rabbitmq.frames import Publication
from asynctasq.adapters.rabbitmq.letters import Reader
from asynctasq.adapters.rabbitmq.queue import RabbitmqQueue
from asynctasq.adapters.rabbitmq.session import Session
from asynctasq.adapters.rabbitmq.topology import Names
from tests.servers import URLS

PATIENCE_SECONDS = 5.0
USED_LEVELS = 8


def new_names() -> Names:
    return Names(f"test-{uuid.uuid4().hex[:12]}")


class Broker:
    """Used on one event loop."""

    def __init__(self, names: Names, delay_unit_seconds: float = 1.0) -> None:
        self.names = names
        self._unit_seconds = delay_unit_seconds
        self._clients: list[RabbitmqQueue] = []
        self._session: Session | None = None
        self._queues: list[str] = []
        self._noted = 0

    def client(self, url: str = URLS["rabbitmq"], **options: int) -> RabbitmqQueue:
        client = RabbitmqQueue(url, exchange_name=self.names.exchange, delay_unit_seconds=self._unit_seconds, **options)
        self.watch(client)
        return client

    def watch(self, client: RabbitmqQueue) -> None:
        """What this one holds is to be forgotten by `empty` too."""
        self._clients.append(client)

    async def crash(self, client: RabbitmqQueue) -> None:
        """Cut its connection, and return when what it held can be leased again."""
        if client._standing is None:
            return
        session = client._standing.session
        held = sum(len(channel.unsettled) for channel in session._leasing)
        before = await self._ready_count() if held else 0
        session.connection.abort()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while held and await self._ready_count() < before + held:
                pass

    async def publish(self, queue: str, body: bytes, *, id: str = "") -> None:
        """Put bytes on a queue as somebody else would."""
        session = await self.session()
        await session.topology.ensure([queue])
        publisher = await session.publisher()
        await session.publish(publisher, [Publication(queue, "", self.names.queue(queue), id, body)])

    async def session(self) -> Session:
        """A connection of the test's own."""
        if self._session is None or self._session.connection.error is not None:
            self._session = await Session.open(parse(URLS["rabbitmq"]), self.names, self._unit_seconds)
            await self._session.topology.way("any", 2 ** (USED_LEVELS - 1) * self._unit_seconds)
        return self._session

    async def empty(self) -> None:
        """Forget every message, those that open clients hold included."""
        for session in self._sessions():
            for channel in session._leasing:
                if channel.error is None and channel.unsettled:
                    channel.connection.send(channel._number, commands.Basic.Ack(0, multiple=True))
                    channel.unsettled.clear()
                    await channel.sync()
        channel = await (await self.session()).publisher()
        sources = [*await self._sources(), *self._levels(USED_LEVELS)]
        questions = [channel.ask(commands.Queue.Purge(queue=name), commands.Queue.PurgeOk) for name in sources]
        await channel.answered(questions)

    async def has_consumers(self, queue: str, count: int) -> None:
        """Return when so many consumers wait on a queue."""
        session = await self.session()
        publisher = await session.publisher()
        await session.topology.ensure([queue])
        question = commands.Queue.Declare(queue=self.names.queue(queue), passive=True)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await publisher.call(question, commands.Queue.DeclareOk)).consumer_count != count:
                pass

    async def close_all(self) -> None:
        """Close every client too."""
        for client in self._clients:
            await client.close()
        await self.close()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.connection.close()

    async def clear(self) -> None:
        """Remove everything, and close."""
        session = await self.session()
        levels = self._levels(HIGHEST_LEVEL + 1)
        queues = [*await self._sources(), self.names.queues, *levels]
        exchanges = [self.names.exchange, self.names.due, *levels]
        channel = await session.publisher()
        for name in queues:
            await channel.call(commands.Queue.Delete(queue=name), commands.Queue.DeleteOk)
        for name in exchanges:
            await channel.call(commands.Exchange.Delete(exchange=name), commands.Exchange.DeleteOk)
        await self.close()

    def _sessions(self) -> Sequence[Session]:
        sessions = [client._standing.session for client in self._clients if client._standing]
        return [session for session in sessions if session.connection.error is None]

    def _levels(self, count: int) -> list[str]:
        return [self.names.level(level, self._unit_seconds) for level in range(count)]

    async def _ready_count(self) -> int:
        session = await self.session()
        counts = await session.topology.counts([self.names.queue(queue) for queue in await self._known()])
        return sum(count or 0 for count in counts.values())

    async def _sources(self) -> list[str]:
        return [source for queue in await self._known() for source in (self.names.queue(queue), self.names.dead(queue))]

    async def _known(self) -> list[str]:
        session = await self.session()
        count = (await session.topology.counts([self.names.queues]))[self.names.queues] or 0
        if count != self._noted:
            async with Reader.alone(session) as reader:
                letters = await reader.read("", self.names.queues, 1000)
            self._queues, self._noted = sorted({letter.id for letter in letters}), count
        return self._queues
