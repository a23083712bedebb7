"""One channel: questions with answers, confirmed publishing, and deliveries. Any number of each may be under way."""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Any, TypeVar

from pamqp import commands
from pamqp.base import Frame
from pamqp.frame import unmarshal

from asynctasq.adapters.rabbitmq import frames
from asynctasq.adapters.rabbitmq.confirms import Batch, Confirms
from asynctasq.adapters.rabbitmq.connection import ANSWER_SECONDS, Connection, bounded
from asynctasq.adapters.rabbitmq.deliveries import Delivery, Incoming, Subscription
from asynctasq.adapters.rabbitmq.faults import ChannelLost
from asynctasq.adapters.rabbitmq.frames import Content, Publication
from asynctasq.domain.errors import Unavailable

log = logging.getLogger("asynctasq.rabbitmq")

F = TypeVar("F", bound=Frame)
T = TypeVar("T")

PROBE_SECONDS = 2.0
"""After a silence: so soon a server that is there at all opens another channel."""
WRITE_BYTES = 1024 * 1024
MOST_SINGLE_ACKS = 16
OWING_SECONDS = 0.25
"""A channel of the server passes some thirty acks on at once, and keeps the others until those are done."""


class Channel:
    """Once it has ended, by whichever side, it stays so and `error` says why."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.error: Unavailable | None = None
        self.unsettled: set[int] = set()
        self.strays: list[Delivery] = []
        """Deliveries that came when nobody waited for them any more."""
        self._answers: defaultdict[type[Frame], deque[asyncio.Future[Any]]] = defaultdict(deque)
        self._gets: deque[tuple[str, asyncio.Future[Delivery | None]]] = deque()
        self._cancels: dict[str, asyncio.Future[None]] = {}
        self._subscriptions: dict[str, Subscription] = {}
        self.owing_until = 0.0
        """Until then the server may owe its queues acks that it has taken: to close would lose them."""
        self._confirms = Confirms()
        self._incoming: Incoming | None = None
        self._number = connection.attach(self)

    @classmethod
    async def open(cls, connection: Connection, *, seconds: float = ANSWER_SECONDS) -> "Channel":
        connection.check()
        channel = cls(connection)
        opened: asyncio.Future[Any] = channel.ask(commands.Channel.Open(), commands.Channel.OpenOk)
        confirming = channel.ask(commands.Confirm.Select(), commands.Confirm.SelectOk)
        await connection.answered([opened, confirming], seconds=seconds)
        return channel

    @property
    def busy(self) -> bool:
        return bool(self.unsettled or self._subscriptions or self._gets or self._confirms)

    def close(self, reason: str = "the channel was closed") -> None:
        """What was delivered and not settled goes back to its queue."""
        if self.error is None:
            self.connection.send(self._number, commands.Channel.Close(200, "goodbye", 0, 0))
            self._end(Unavailable(reason))

    def ask(self, question: Frame, answer: type[F]) -> "asyncio.Future[F]":
        """Answers of one kind come in the order of their questions."""
        self.check()
        future: asyncio.Future[F] = asyncio.get_running_loop().create_future()
        self._answers[answer].append(future)
        self.connection.send(self._number, question)
        return future

    async def answered(self, answers: "Sequence[asyncio.Future[T]]") -> list[T]:
        """All these answers to what was asked here.

        Where one does not come, nobody knows what stands. A queue without a leader silences the channel that wants
        something of it and no other, so only that one is given up, unless the whole connection is silent.
        """
        if not answers:
            return []
        try:
            await bounded(asyncio.wait(answers))
        except TimeoutError:
            probe = await Channel.open(self.connection, seconds=PROBE_SECONDS)
            probe.close()
            self.close(self.connection.silence)
        return [answer.result() for answer in answers]

    async def call(self, question: Frame, answer: type[F]) -> F:
        [answered] = await self.answered([self.ask(question, answer)])
        return answered

    async def sync(self) -> None:
        """Return when the server has heard everything that was sent before."""
        await self.call(commands.Basic.Qos(prefetch_count=1), commands.Basic.QosOk)

    def get(self, queue: str, source: str) -> "asyncio.Future[Delivery | None]":
        """The next message of the server's queue `source`; None if there is none."""
        self.check()
        future: asyncio.Future[Delivery | None] = asyncio.get_running_loop().create_future()
        self._gets.append((queue, future))
        self.connection.send(self._number, commands.Basic.Get(queue=source))
        return future

    def consume(self, subscription: Subscription, source: str, *, limit: int) -> "asyncio.Future[Any]":
        """Let at most `limit` unsettled deliveries of the server's queue `source` come, until it is cancelled."""
        self.check()
        tag = subscription.tag
        self._subscriptions[tag] = subscription
        self.connection.send(self._number, commands.Basic.Qos(prefetch_count=limit))
        self._answers[commands.Basic.QosOk].append(asyncio.get_running_loop().create_future())
        return self.ask(commands.Basic.Consume(queue=source, consumer_tag=tag), commands.Basic.ConsumeOk)

    def cancel(self, subscription: Subscription) -> "asyncio.Future[None]":
        """Answered when the last delivery has come."""
        self.check()
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if subscription.tag in self._subscriptions:
            self._cancels[subscription.tag] = future
            self.connection.send(self._number, commands.Basic.Cancel(consumer_tag=subscription.tag))
        else:
            future.set_result(None)  # the server did it first
        return future

    async def publish(self, publications: Sequence[Publication]) -> Batch:
        """Return when the server has answered for each of them."""
        self.check()
        batch = self._confirms.expect(publications)
        written: list[bytes] = []
        size = 0
        for publication in publications:
            for part in publication.frames(self._number, self.connection.frame_max):
                written.append(part)
                size += len(part)
            if size > WRITE_BYTES:
                self.connection.write(b"".join(written))
                written, size = [], 0
        self.connection.write(b"".join(written))
        await self.connection.drain()
        await self.connection.confirmed(batch.confirmed)
        return batch

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        self.check()
        tags = {delivery.tag for delivery in deliveries}
        self.unsettled -= tags
        for delivery in deliveries:
            if delivery.subscription is not None:
                delivery.subscription.unsettled_count -= 1
        if not tags:
            return
        # One ack for all up to what stays: single ones are more work for the server.
        first_left = min(self.unsettled, default=max(tags) + 1)
        others = sorted(tag for tag in tags if tag > first_left)
        up_to = max((tag for tag in tags if tag < first_left), default=0)
        if len(others) > MOST_SINGLE_ACKS:
            self.owing_until = asyncio.get_running_loop().time() + OWING_SECONDS
        self.connection.write(frames.acks(self._number, up_to, others))

    def give_back_all(self) -> None:
        """To where they were in their queues; each of them counts as delivered in vain."""
        self.check()
        if self.unsettled:
            self.unsettled.clear()
            self.connection.send(self._number, commands.Basic.Nack(0, multiple=True, requeue=True))

    def check(self) -> None:
        if isinstance(self.error, ChannelLost):
            raise ChannelLost(str(self.error), self.error.code) from self.error
        if self.error is not None:
            raise Unavailable(str(self.error)) from self.error

    # What the connection calls

    def on_method(self, payload: bytes) -> None:
        match payload[:4]:
            case frames.DELIVER:
                tag, delivery_tag = frames.read_deliver(payload)
                self._incoming = Incoming(lambda content, body: self._deliver(tag, delivery_tag, content, body))
            case frames.GET_OK:
                delivery_tag, _ = frames.read_tag(payload)
                self._incoming = Incoming(lambda content, body: self._got(delivery_tag, content, body))
            case frames.ACK:
                self._confirms.answer(*frames.read_tag(payload), refused=False)
            case frames.NACK:
                self._confirms.answer(*frames.read_tag(payload), refused=True)
            case _:
                self._on_other(unmarshal(frames.frame(frames.METHOD, self._number, payload))[2])

    def on_header(self, payload: bytes) -> None:
        incoming = self._incoming
        if incoming is None:
            raise ValueError("a content header that belongs to nothing")
        incoming.content = frames.read_content(payload)
        incoming.missing = incoming.content.size
        self._arrive(incoming)

    def on_body(self, payload: bytes) -> None:
        incoming = self._incoming
        if incoming is None or incoming.content is None:
            raise ValueError("a body that belongs to nothing")
        incoming.parts.append(payload)
        incoming.missing -= len(payload)
        self._arrive(incoming)

    def on_end(self, error: Unavailable) -> None:
        self._end(error)

    def _arrive(self, incoming: Incoming) -> None:
        if incoming.missing <= 0 and incoming.content is not None:
            self._incoming = None
            incoming.arrive(incoming.content, b"".join(incoming.parts))

    def _deliver(self, consumer: str, tag: int, content: Content, body: bytes) -> None:
        self.unsettled.add(tag)
        subscription = self._subscriptions.get(consumer)
        if subscription is None:
            queue = consumer.split(".", 2)[-1]
            self.strays.append(Delivery(self, tag, queue, content.id, content.return_count, body))
            return
        subscription.unsettled_count += 1
        queue = subscription.queue
        subscription.sink(Delivery(self, tag, queue, content.id, content.return_count, body, subscription))

    def _got(self, tag: int, content: Content, body: bytes) -> None:
        self.unsettled.add(tag)
        queue, future = self._gets.popleft()
        delivery = Delivery(self, tag, queue, content.id, content.return_count, body)
        if future.done():
            self.strays.append(delivery)
        else:
            future.set_result(delivery)

    def _on_other(self, method: object) -> None:
        match method:
            case commands.Basic.Return():
                self._confirms.note_return(method.exchange or "", method.routing_key or "")
                self._incoming = Incoming(_forget)
            case commands.Basic.GetEmpty():
                _, future = self._gets.popleft()
                _resolve(future, None)
            case commands.Basic.Cancel() | commands.Basic.CancelOk():
                self._on_cancel(method.consumer_tag or "")
            case commands.Channel.Close():
                self._on_close(method)
            case commands.Channel.CloseOk():
                self.connection.detach(self._number)
            case Frame():
                if waiting := self._answers.get(type(method)):
                    _resolve(waiting.popleft(), method)
            case _:
                raise ValueError(f"an unexpected {method!r}")

    def _on_cancel(self, tag: str) -> None:
        """The server may do it of its own accord."""
        if ended := self._subscriptions.pop(tag, None):
            ended.sink(None)
        if tag in self._cancels:
            _resolve(self._cancels.pop(tag), None)

    def _on_close(self, method: commands.Channel.Close) -> None:
        self.connection.send(self._number, commands.Channel.CloseOk())
        self.connection.detach(self._number)
        if self.unsettled:  # most likely one of them took longer than the server's consumer_timeout
            log.warning("RabbitMQ takes %d unsettled tasks back: %s", len(self.unsettled), method.reply_text)
        self._end(ChannelLost(f"RabbitMQ closed a channel: {method.reply_text}", method.reply_code or 0))

    def _end(self, error: Unavailable) -> None:
        if self.error is not None:
            return
        self.error = error
        self.unsettled.clear()
        self.strays.clear()
        self._confirms.end(error)
        answers = [future for waiting in self._answers.values() for future in waiting]
        gets = [future for _, future in self._gets]
        for future in (*answers, *gets, *self._cancels.values()):
            if not future.done():
                future.set_exception(error)
                future.exception()  # not all of them have somebody who still waits
        for subscription in self._subscriptions.values():
            subscription.sink(None)


def _resolve(future: "asyncio.Future[Any]", result: object) -> None:
    if not future.done():  # else whoever asked has gone
        future.set_result(result)


def _forget(_: Content, __: bytes) -> None:
    """What comes back needs no second look: whoever sent it still has it."""
