"""Consumers that are ended without a trace.

A delivery that is on its way while its consumer is cancelled goes back as delivered in vain, and so would count as an
attempt that nobody began. A consumer that holds as much as it may has nothing on its way; so one that is to end is
first given fillers, empty messages that mean nothing to anybody, until it is full (ADR-0017).
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence

from attrs import define, field

from asynctasq.adapters.rabbitmq.channel import Channel
from asynctasq.adapters.rabbitmq.deliveries import Delivery, Subscription
from asynctasq.adapters.rabbitmq.frames import Publication
from asynctasq.adapters.rabbitmq.session import Session
from asynctasq.domain.errors import Unavailable

FILLER = b"atq-filler"
FILL_SECONDS = 2.0
"""Other consumers of the queue take fillers too; after this long one is cancelled as it is."""
FIRST_PAUSE_SECONDS = 0.02
FILL_PAUSE_SECONDS = 0.1
"""Without any news for so long, fillers are sent, and sent again."""


def _nobody(_: "Consumer") -> None:
    return


@define(eq=False)
class Consumer:
    """Holds at most `limit` unsettled deliveries of one queue. It rings at each, and when it has come to its end."""

    channel: Channel
    source: str
    limit: int
    ring: "Callable[[Consumer], None]" = _nobody
    fresh: deque[Delivery] = field(init=False, factory=deque[Delivery])
    """Deliveries that nobody has taken yet."""
    gone: bool = field(init=False, default=False)
    subscription: Subscription = field(init=False)
    begun: "asyncio.Future[object]" = field(init=False)

    @classmethod
    def begin(
        cls, session: Session, channel: Channel, queue: str, limit: int, ring: "Callable[[Consumer], None]" = _nobody
    ) -> "Consumer":
        consumer = cls(channel, session.names.queue(queue), limit, ring)
        consumer.subscription = Subscription(queue, session.new_tag(queue), consumer._take)
        consumer.begun = channel.consume(consumer.subscription, consumer.source, limit=limit)
        return consumer

    @property
    def queue(self) -> str:
        return self.subscription.queue

    @property
    def missing(self) -> int:
        """How many more could be on their way."""
        return 0 if self.gone else self.limit - self.subscription.unsettled_count

    def _take(self, delivery: Delivery | None) -> None:
        if delivery is None:
            self.gone = True
        else:
            self.fresh.append(delivery)
        self.ring(self)


async def end(session: Session, channel: Channel, consumers: Sequence[Consumer]) -> list[Delivery]:
    """What is fresh of these, fillers included; afterwards nothing is on its way to them. They are all on `channel`."""
    await channel.answered([consumer.begun for consumer in consumers])
    await _fill(session, [consumer for consumer in consumers if consumer.missing])
    await channel.answered([channel.cancel(consumer.subscription) for consumer in consumers if not consumer.gone])
    return [delivery for consumer in consumers for delivery in consumer.fresh]


def without_fillers(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """The others, as far as they live. What fillers were for is done."""
    live = [delivery for delivery in deliveries if delivery.live]
    fillers = [delivery for delivery in live if delivery.body.startswith(FILLER)]
    for channel in {delivery.channel for delivery in fillers}:
        channel.ack([delivery for delivery in fillers if delivery.channel is channel])
    return [delivery for delivery in live if not delivery.body.startswith(FILLER)]


async def _fill(session: Session, consumers: Sequence[Consumer]) -> None:
    news = asyncio.Event()
    for consumer in consumers:
        consumer.ring = lambda _: news.set()
    # What the server answers first, the consumer or its first deliveries, is left to chance.
    await _quiet(consumers, news, FIRST_PAUSE_SECONDS)
    # A queue without a leader takes no fillers. Its consumers must end all the same, or they take what nobody gets.
    with contextlib.suppress(TimeoutError, Unavailable):
        async with asyncio.timeout(FILL_SECONDS):
            while hungry := [each for each in consumers if each.missing]:
                await session.publish(hungry[0].channel, _fillers(hungry))
                await _quiet(hungry, news, FILL_PAUSE_SECONDS)


def _fillers(hungry: Sequence[Consumer]) -> list[Publication]:
    return [Publication(each.queue, "", each.source, "filler", FILLER) for each in hungry for _ in range(each.missing)]


async def _quiet(consumers: Sequence[Consumer], news: asyncio.Event, seconds: float) -> None:
    """Until they are full, or nothing has come for so long."""
    with contextlib.suppress(TimeoutError):
        while any(each.missing for each in consumers):
            async with asyncio.timeout(seconds):
                await news.wait()
            news.clear()
