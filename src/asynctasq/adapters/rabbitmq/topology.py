"""What has to exist on the server, what it is called, and how it comes into being.

A server before 4.0 writes down which quorum queues there are about a second later, all but the newest at once. If it
is killed meanwhile, the newest comes back empty and without a leader: whatever it confirmed is lost.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import frozen
from pamqp import commands
from pamqp.common import FieldTable

from asynctasq.adapters.rabbitmq import delays
from asynctasq.adapters.rabbitmq.channel import Channel
from asynctasq.adapters.rabbitmq.connection import Connection
from asynctasq.adapters.rabbitmq.faults import NOT_FOUND, PRECONDITION_FAILED, ChannelLost
from asynctasq.adapters.rabbitmq.frames import Publication
from asynctasq.domain.errors import Unavailable

LONGEST_TASK_MS = 7 * 86400 * 1000
QUORUM: FieldTable = {"x-queue-type": "quorum"}
ELECTION_ATTEMPTS = 8
"""A queue that is being made, or elects a leader, refuses what it is sent: for a second, if its nodes are there."""
FIRST_PAUSE_SECONDS = 0.05


@frozen
class Names:
    """Everything begins with `exchange` and a colon, which no name of a queue of ours has."""

    exchange: str

    @property
    def due(self) -> str:
        """The exchange behind the lowest level."""
        return f"{self.exchange}:due"

    @property
    def queues(self) -> str:
        """The queue that holds the name of each queue, because AMQP cannot list them."""
        return f"{self.exchange}:queues"

    @property
    def lock(self) -> str:
        return f"{self.exchange}:lock"

    def queue(self, queue: str) -> str:
        return f"{self.exchange}:queue:{queue}"

    def dead(self, queue: str) -> str:
        return f"{self.exchange}:dead:{queue}"

    def level(self, level: int, unit_seconds: float) -> str:
        # With its length, so that clients with different units do not meet.
        return f"{self.exchange}:delay:{delays.milliseconds(level, unit_seconds)}"


class Topology:
    """Asks and declares on a channel of its own: what is missing or different closes it."""

    def __init__(self, connection: Connection, names: Names, unit_seconds: float) -> None:
        self.names = names
        self._connection = connection
        self._unit_seconds = unit_seconds
        self._channel: Channel | None = None
        self._busy = asyncio.Lock()
        self._known: set[str] = set()
        self._highest_level = -1
        self._trusting = True

    async def ensure(self, queues: Iterable[str]) -> None:
        """Return when these queues are there to be published to."""
        missing = [queue for queue in dict.fromkeys(queues) if queue not in self._known]
        if missing:
            async with self._busy:
                await self._ensure(missing)

    async def repair(self, queues: Iterable[str]) -> None:
        """Make these queues anew, and the levels: something of them is missing."""
        names = list(dict.fromkeys(queues))
        if not names:
            return
        async with self._busy:
            await self._create(names)
            if self._highest_level >= 0:
                await self._declare(self._levels(self._highest_level))

    def distrust(self) -> None:
        """Somebody has removed more than a queue: believe in nothing that is not declared again."""
        self._known.clear()
        self._highest_level = -1
        self._trusting = False

    async def way(self, queue: str, delay_seconds: float) -> delays.Way | None:
        """The way that takes so long, with all its levels in place."""
        way = delays.way(queue, delay_seconds, self._unit_seconds)
        if way is not None and way.level > self._highest_level:
            async with self._busy:
                await self._declare(self._levels(way.level))
                self._highest_level = max(self._highest_level, way.level)
        return way

    def entrance(self, way: delays.Way) -> str:
        """The exchange at which a way begins."""
        return self.names.level(way.level, self._unit_seconds)

    async def counts(self, sources: Sequence[str]) -> Mapping[str, int | None]:
        """How many messages of the server's queues could be delivered now; None for a queue that is not there."""
        async with self._busy:
            try:
                return dict(zip(sources, await self._counts(sources), strict=True))
            except ChannelLost as error:
                if error.code != NOT_FOUND:
                    raise
            # A missing queue closes the channel, so each is asked for alone.
            return {source: await self._count(source) for source in sources}

    async def _count(self, source: str) -> int | None:
        try:
            return (await self._counts([source]))[0]
        except ChannelLost as error:
            if error.code != NOT_FOUND:
                raise
            return None

    async def _counts(self, sources: Sequence[str]) -> list[int]:
        channel = await self._desk()
        questions = [commands.Queue.Declare(queue=source, passive=True) for source in sources]
        answers = [channel.ask(question, commands.Queue.DeclareOk) for question in questions]
        return [answer.message_count or 0 for answer in await channel.answered(answers)]

    async def _ensure(self, queues: Sequence[str]) -> None:
        if not self._trusting:
            await self._create(queues)
            return
        if not self._known:
            # A queue may outlive its exchange, and a missing exchange costs the channel of who publishes to it.
            await self._declare([_exchange(self.names.exchange, "direct")])
        try:
            await self._counts([self.names.queue(queue) for queue in queues])
        except ChannelLost as error:
            if error.code != NOT_FOUND:
                raise
            for queue in queues:  # rare: once in the life of a queue
                if await self._count(self.names.queue(queue)) is None:
                    await self._create([queue])
        self._known.update(queues)

    async def _create(self, queues: Sequence[str]) -> None:
        """A name is noted before its queue is made: better one too many than one that is never found."""
        names = self.names
        await self._declare([_quorum(names.queues, QUORUM | self._no_limit())])
        await self._note(queues)
        exchanges = (_exchange(names.exchange, "direct"), _exchange(names.due, "topic"))
        await self._declare([*exchanges, *(each for queue in queues for each in self._queue(queue))])
        self._known.update(queues)

    async def _note(self, queues: Sequence[str]) -> None:
        left: Sequence[Publication] = [Publication(name, "", self.names.queues, name, name.encode()) for name in queues]
        for pause_seconds in pauses(ELECTION_ATTEMPTS):
            # A new one each time: see `Session.publish`.
            channel = await Channel.open(self._connection)
            try:
                left = (await channel.publish(left)).refused
            finally:
                channel.close()
            if not left:
                return
            await asyncio.sleep(pause_seconds)
        raise refused(left)

    def _queue(self, queue: str) -> Sequence[Any]:
        names = self.names
        return (
            _quorum(names.queue(queue), QUORUM | self._no_limit() | self._patience()),
            # Last, because no task is sent to it: the newest may be forgotten.
            _quorum(names.dead(queue), QUORUM | self._no_limit()),
            _bind(names.queue(queue), names.exchange, queue),
            _bind(names.queue(queue), names.due, delays.due(queue)),
        )

    def _levels(self, highest: int) -> Sequence[Any]:
        levels = range(highest + 1)
        names = [self.names.level(level, self._unit_seconds) for level in levels]
        exits = [self.names.due, *names]  # each level leads to the one below it
        held = [_bind(names[level], names[level], delays.held_here(level)) for level in levels]
        passed_on = [
            commands.Exchange.Bind(destination=exits[level], source=names[level], routing_key=delays.passed_on(level))
            for level in levels
        ]
        # The highest first, because there a way begins: the newest may be forgotten.
        queues = [_quorum(names[level], self._level(level, exits[level])) for level in reversed(levels)]
        return [*(_exchange(name, "topic") for name in exits), *queues, *held, *passed_on]

    def _level(self, level: int, next_exchange: str) -> FieldTable:
        return {
            **QUORUM,
            "x-message-ttl": delays.milliseconds(level, self._unit_seconds),
            "x-dead-letter-exchange": next_exchange,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
            **self._no_limit(),
        }

    def _no_limit(self) -> FieldTable:
        # From 4.0 a queue drops what came back twenty times, unless told otherwise; before, -1 means zero.
        return {"x-delivery-limit": -1} if self._connection.server_version >= (4, 0) else {}

    def _patience(self) -> FieldTable:
        # How long a task may run before the server takes its message back; older ones have it in their configuration.
        return {"x-consumer-timeout": LONGEST_TASK_MS} if self._connection.server_version >= (3, 12) else {}

    async def _declare(self, questions: Sequence[Any]) -> None:
        channel = await self._desk()
        try:
            answers = [channel.ask(question, ANSWERS[type(question)]) for question in questions]
            await channel.answered(answers)
        except ChannelLost as error:
            if error.code != PRECONDITION_FAILED or "x-queue-type" in str(error) or len(questions) == 1:
                raise
            # Made by another version, maybe on an older server: good as it is, but it closes the channel.
            for question in questions:
                await self._declare_leniently(question)

    async def _declare_leniently(self, question: Any) -> None:
        try:
            await self._declare([question])
        except ChannelLost as error:
            if error.code != PRECONDITION_FAILED or "x-queue-type" in str(error):
                raise

    async def _desk(self) -> Channel:
        if self._channel is None or self._channel.error is not None:
            self._channel = await Channel.open(self._connection)
        return self._channel


ANSWERS: Mapping[type[Any], Any] = {
    commands.Exchange.Declare: commands.Exchange.DeclareOk,
    commands.Exchange.Bind: commands.Exchange.BindOk,
    commands.Queue.Declare: commands.Queue.DeclareOk,
    commands.Queue.Bind: commands.Queue.BindOk,
}


def _exchange(name: str, kind: str) -> commands.Exchange.Declare:
    return commands.Exchange.Declare(exchange=name, exchange_type=kind, durable=True)


def _quorum(name: str, arguments: FieldTable) -> commands.Queue.Declare:
    return commands.Queue.Declare(queue=name, durable=True, arguments=arguments)


def _bind(queue: str, exchange: str, key: str) -> commands.Queue.Bind:
    return commands.Queue.Bind(queue=queue, exchange=exchange, routing_key=key)


def pauses(attempts: int) -> Sequence[float]:
    """How long to wait after each attempt that was refused; after the last there is nothing to wait for."""
    return [*(FIRST_PAUSE_SECONDS * 2**attempt for attempt in range(attempts - 1)), 0.0]


def refused(publications: Sequence[Publication]) -> Unavailable:
    """What to say of messages that no queue took."""
    queues = ", ".join(sorted({publication.queue for publication in publications}))
    return Unavailable(f"RabbitMQ did not take {len(publications)} messages for {queues}")
