"""Consumers that stay from call to call, for a caller that waits and so will ask again.

Together they have room for as many messages as the caller has, so what he settles makes room for the next ones, which
come by themselves. What comes while he does not ask is put back after a moment.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

from attrs import define, field

from asynctasq.adapters.rabbitmq.channel import Channel
from asynctasq.adapters.rabbitmq.consumers import Consumer, end, without_fillers
from asynctasq.adapters.rabbitmq.deliveries import Delivery
from asynctasq.adapters.rabbitmq.session import Held, Session
from asynctasq.adapters.rabbitmq.settling import put_back
from asynctasq.adapters.rabbitmq.taking import MOST_AT_ONCE, ready_counts
from asynctasq.domain.errors import Unavailable

PATIENCE_SECONDS = 0.05
"""So long a message lies here for the next call."""


@define(eq=False)
class Standing:
    session: Session
    _consumers: defaultdict[str, list[Consumer]] = field(init=False, factory=lambda: defaultdict(list))
    _callers: dict[asyncio.Event, Sequence[str]] = field(init=False, factory=dict[asyncio.Event, Sequence[str]])
    _unsure: set[str] = field(init=False, factory=set[str])
    """Queues that may hold more than their consumers had room for."""
    _ending: "set[asyncio.Task[None]]" = field(init=False, factory=set["asyncio.Task[None]"])

    @contextmanager
    def caller(self, queues: Sequence[str], news: asyncio.Event) -> Generator[None]:
        """Meanwhile `news` is set when something comes to one of these queues."""
        self._callers[news] = queues
        try:
            yield
        finally:
            del self._callers[news]

    def collect(self, queues: Sequence[str], limit: int) -> list[Delivery]:
        """What has come by itself."""
        taken: list[Delivery] = []
        for queue in queues:
            self._consumers[queue] = [each for each in self._consumers[queue] if not each.gone]
            for consumer in self._consumers[queue]:
                while consumer.fresh and len(taken) < limit:
                    taken.append(consumer.fresh.popleft())
        return without_fillers(taken)

    def cover(self, queues: Sequence[str]) -> bool:
        """Whether all that these queues hold would have come."""
        return not self._unsure.intersection(queues) and all(
            any(each.missing and each.begun.done() for each in self._consumers[queue]) for queue in queues
        )

    async def widen(self, queues: Sequence[str], limit: int) -> None:
        """Make room for what is there, up to `limit` in all, and for at least one message of each queue."""
        self._unsure.difference_update(queues)
        counts = await ready_counts(self.session, queues)
        lessors = {queue: await self.session.lessor(queue) for queue in queues}
        self._leave_others(lessors)
        room = min(limit, MOST_AT_ONCE)
        room -= sum(each.missing for each in self._all())
        for queue in queues:
            share = max(0, min(counts[queue], room))
            if share or not any(each.missing for each in self._consumers[queue]):
                consumer = Consumer.begin(self.session, lessors[queue], queue, max(share, 1), self._ring)
                self._consumers[queue].append(consumer)
                room -= consumer.limit

    async def silence(self) -> None:
        """End them all. Afterwards nothing is on its way to anybody here."""
        self._end(self._all())
        while self._ending:
            await asyncio.wait(list(self._ending))
        for news in self._callers:
            news.set()  # whoever still waits has to begin anew

    def _all(self) -> list[Consumer]:
        return [consumer for consumers in self._consumers.values() for consumer in consumers]

    def _leave_others(self, lessors: Mapping[str, Channel]) -> None:
        """On an old channel nothing new begins: it would share the end of what has run for long there."""
        self._end([each for each in self._all() if each.channel is not lessors.get(each.queue, each.channel)])

    def _ring(self, consumer: Consumer) -> None:
        if not consumer.missing:
            self._unsure.add(consumer.queue)
        callers = [news for news, queues in self._callers.items() if consumer.queue in queues]
        for news in callers:
            news.set()
        if not callers and len(consumer.fresh) == 1:
            asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._give_up, consumer, consumer.fresh[0])

    def _give_up(self, consumer: Consumer, oldest: Delivery) -> None:
        if consumer in self._consumers[consumer.queue] and consumer.fresh and consumer.fresh[0] is oldest:
            self._end([consumer])

    def _end(self, consumers: Sequence[Consumer]) -> None:
        """Nobody waits for this but `silence`."""
        by_channel: defaultdict[Channel, list[Consumer]] = defaultdict(list)
        for consumer in consumers:
            self._consumers[consumer.queue].remove(consumer)
            by_channel[consumer.channel].append(consumer)
        for channel, each in by_channel.items():
            task = asyncio.get_running_loop().create_task(self._put_back(channel, each))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def _put_back(self, channel: Channel, consumers: Sequence[Consumer]) -> None:
        with contextlib.suppress(Unavailable):  # then the channel is gone, and they with it, or they are strays
            deliveries = without_fillers(await end(self.session, channel, consumers))
            await put_back(self.session, [Held.of(delivery) for delivery in deliveries])
