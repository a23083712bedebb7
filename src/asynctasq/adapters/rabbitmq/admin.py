"""Looking and repairing as far as AMQP lets one: counts of what is ready, and the first dead letters of each queue."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence, Set
from contextlib import asynccontextmanager

from pamqp import commands

from asynctasq.adapters.rabbitmq.finishing import to_the_end
from asynctasq.adapters.rabbitmq.letters import Letter, Reader
from asynctasq.adapters.rabbitmq.session import Session
from asynctasq.adapters.rabbitmq.topology import Names
from asynctasq.domain.errors import Unsupported
from asynctasq.domain.lifecycle import State
from asynctasq.domain.verdict import Reason, Refusal
from asynctasq.domain.views import MessageView, Page, QueueStats
from asynctasq.domain.wire import loads_message
from asynctasq.ports.admin import AdminCapabilities, QueueAdmin

MOST_LETTERS = 1000
"""Of each queue; what is behind them cannot be seen until they are gone."""
MOST_NAMES = 10_000


class RabbitmqAdmin(QueueAdmin):
    """`connected` is the queue's: it raises `Closed` when the queue is."""

    capabilities = AdminCapabilities(
        lists_empty_queues=True,
        counts=frozenset({State.PENDING, State.DEAD}),
        finds=frozenset({State.DEAD}),
        cancels=False,
    )

    def __init__(self, place: str, names: Names, connected: Callable[[], Awaitable[Session]]) -> None:
        self._place = place
        self._names = names
        self._connected = connected
        self._reading = asyncio.Lock()
        self._listed: Sequence[str] = ()
        self._listed_count = 0

    async def queues(self) -> Sequence[str]:
        """All that there are: which of them hold something that runs or waits for its time nobody knows."""
        session = await self._connected()
        count = (await session.topology.counts([self._names.queues]))[self._names.queues] or 0
        # Names are added and never taken away. There are fewer while somebody reads them.
        if count > self._listed_count:
            self._listed, self._listed_count = await self._known(session), count
        return self._listed

    async def stats(self) -> Sequence[QueueStats]:
        session = await self._connected()
        queues = await self._known(session)
        pending = await session.topology.counts([self._names.queue(queue) for queue in queues])
        dead = await session.topology.counts([self._names.dead(queue) for queue in queues])
        stats = [
            QueueStats(queue, pending=pending[self._names.queue(queue)] or 0, dead=dead[self._names.dead(queue)] or 0)
            for queue in queues
        ]
        return [each for each in stats if each.pending or each.dead]

    async def find(self, *, state: State, queue: str | None = None, limit: int = 100, after: str | None = None) -> Page:
        if state is not State.DEAD:
            raise Unsupported(f"RabbitMQ shows dead letters only, none that are {state.value} (finds): {self._place}")
        views = [view for view in await self._views(queue) if view.state is State.DEAD]
        start = int(after or 0)
        end = start + limit
        return Page(views[start:end], str(end) if end < len(views) else None)

    async def fetch(self, ids: Sequence[str]) -> Sequence[MessageView]:
        found = {view.message.id: view for view in await self._views(None)}
        return [found[id] for id in ids if id in found]

    async def requeue(self, ids: Sequence[str]) -> Sequence[Refusal]:
        async def start_again(session: Session, reader: Reader, letters: list[Letter]) -> None:
            copies = [
                await session.publication(letter.delivery.queue, letter.id, letter.envelope, None) for letter in letters
            ]
            await session.publish(reader.channel, copies)
            await reader.remove(letters)

        return await self._change(ids, start_again)

    async def cancel(self, ids: Sequence[str]) -> Sequence[Refusal]:  # noqa: ARG002  # none of them can
        raise Unsupported(f"RabbitMQ cannot take back single messages (cancels): {self._place}")

    async def delete(self, ids: Sequence[str]) -> Sequence[Refusal]:
        async def forget(_: Session, reader: Reader, letters: list[Letter]) -> None:
            await reader.remove(letters)

        return await self._change(ids, forget)

    async def purge(self, queue: str, *, states: Set[State]) -> int:
        """What is scheduled lies with that of all other queues and stays."""
        session = await self._connected()
        sources = {State.PENDING: self._names.queue(queue), State.DEAD: self._names.dead(queue)}
        wanted = [source for state, source in sources.items() if state in states]
        counts = await session.topology.counts(wanted)
        channel = await session.publisher()
        purges = [
            channel.ask(commands.Queue.Purge(queue=source), commands.Queue.PurgeOk)
            for source, count in counts.items()
            if count is not None
        ]
        return sum(each.message_count or 0 for each in await channel.answered(purges))

    async def _change(
        self, ids: Sequence[str], change: Callable[[Session, Reader, list[Letter]], Awaitable[None]]
    ) -> Sequence[Refusal]:
        session = await self._connected()
        return await to_the_end(self._changed(session, ids, change))

    async def _changed(
        self, session: Session, ids: Sequence[str], change: Callable[[Session, Reader, list[Letter]], Awaitable[None]]
    ) -> Sequence[Refusal]:
        async with self._read(session, None) as (reader, letters):
            chosen = {letter.id: letter for letter in letters if letter.id in set(ids)}
            if chosen:
                await change(session, reader, list(chosen.values()))
        return [
            Refusal(id, "", Reason.INVALID, f"it is not among the first {MOST_LETTERS} dead letters of a queue")
            for id in dict.fromkeys(ids)
            if id not in chosen
        ]

    async def _views(self, queue: str | None) -> list[MessageView]:
        session = await self._connected()
        return await to_the_end(self._viewed(session, queue))

    async def _viewed(self, session: Session, queue: str | None) -> list[MessageView]:
        async with self._read(session, queue) as (_, letters):
            return [_view(letter) for letter in letters]

    @asynccontextmanager
    async def _read(self, session: Session, queue: str | None) -> AsyncGenerator[tuple[Reader, list[Letter]]]:
        """The letters of one queue or all; those that are not removed meanwhile are put back at the end."""
        async with self._reading, Reader.alone(session) as reader:
            queues = await self._named(session, reader) if queue is None else [queue]
            counts = await session.topology.counts([self._names.dead(each) for each in queues])
            letters: list[Letter] = []
            for each in queues:  # one queue after another, so that a page has an order
                if counts[self._names.dead(each)] is not None:
                    letters += await reader.read(each, self._names.dead(each), MOST_LETTERS)
            yield reader, letters

    async def _known(self, session: Session) -> list[str]:
        async with self._reading:
            return await to_the_end(self._read_names(session))

    async def _read_names(self, session: Session) -> list[str]:
        async with Reader.alone(session) as reader:
            return await self._named(session, reader)

    async def _named(self, session: Session, reader: Reader) -> list[str]:
        counts = await session.topology.counts([self._names.queues])
        if counts[self._names.queues] is None:
            return []
        letters = await reader.read("", self._names.queues, MOST_NAMES)
        return sorted({letter.id for letter in letters})


def _view(letter: Letter) -> MessageView:
    record = letter.envelope.record
    message, _ = loads_message(letter.id, letter.delivery.queue, letter.envelope.header, letter.envelope.body)
    return MessageView(
        message,
        State.CANCELLED if record.cancelled else State.DEAD,
        attempt=record.attempt,
        failures=record.failures,
        worker=record.worker,
        error=record.error,
    )
