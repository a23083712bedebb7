"""The producing side: a task that somebody wants run becomes a message that a queue is responsible for."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future

from attrs import Factory, define

from asynctasq.app.broker import Broker
from asynctasq.app.events import Events
from asynctasq.app.outbox import Answer, Outbox, Parcel
from asynctasq.app.prepare import Preparer
from asynctasq.app.routes import Driver, Routes
from asynctasq.app.sendable import Sendable, sending
from asynctasq.app.task_events import enqueued
from asynctasq.app.transactions import Transactions, Way
from asynctasq.domain.errors import BodyTooLarge, Refused, Unavailable, Unsupported
from asynctasq.domain.message import Message
from asynctasq.domain.verdict import Reason, Refusal


@define(eq=False)
class _Tick:
    """What one loop hands over when its current tick ends."""

    loop: asyncio.AbstractEventLoop
    parcels: dict[Driver, list[Parcel]] = Factory(dict[Driver, list[Parcel]])


class _Local(threading.local):
    tick: _Tick | None = None


class Dispatcher:
    """Dispatches that one tick of a loop makes together reach their broker in one call."""

    def __init__(
        self, broker: Broker, routes: Routes, preparer: Preparer, events: Events, *, timeout_seconds: float
    ) -> None:
        self._broker = broker
        self._routes = routes
        self._preparer = preparer
        self._events = events
        self._timeout_seconds = timeout_seconds
        self._transactions = Transactions(broker, routes, timeout_seconds=timeout_seconds)
        self._local = _Local()
        self._outboxes: dict[Driver, Outbox] = {}
        self._outboxes_loop: asyncio.AbstractEventLoop | None = None

    async def dispatch(self, sendable: Sendable) -> str:
        """The task's id once its queue has taken it.

        Raises `NotSendable` before anything is sent; `Unavailable` if no answer came in time: the task may or may
        not be queued, and dispatching the same object again sends the same id; `Refused` or `BodyTooLarge` if the
        queue would not take it.
        """
        message = self._preparer.prepare(sendable)
        state = sending(sendable)
        if state.connection is None:
            # As in `_deliver`, but nothing is held that is not needed, the task included: it is dear (ADR-0036).
            waiting = state.answer = self._send(sendable.config.get("driver"), [message])
            del sendable, state
            answer = await waiting
            if answer or self._events.on:
                self._conclude([message], answer)
        else:
            await self._deliver(Way.of(sendable), [sendable], [message])
        return message.id

    async def dispatch_many(self, sendables: Sequence[Sendable]) -> list[str]:
        """The ids in order, once every queue has taken its messages: one call per driver and connection.

        Raises what `dispatch` raises. Where single messages are refused the others are queued.
        """
        messages = [self._preparer.prepare(sendable) for sendable in sendables]
        by_way: dict[Way, tuple[list[Sendable], list[Message]]] = {}
        for sendable, message in zip(sendables, messages, strict=True):
            group = by_way.setdefault(Way.of(sendable), ([], []))
            group[0].append(sendable)
            group[1].append(message)
        await asyncio.gather(*(self._deliver(way, *group) for way, group in by_way.items()))
        return [message.id for message in messages]

    def dispatch_sync(self, sendable: Sendable) -> str:
        """`dispatch` for code without an event loop; refused where one runs, because it would stand still."""
        if asyncio._get_running_loop() is not None:  # noqa: SLF001 - the public twin raises instead of answering
            raise Unsupported("dispatch_sync() would block the running event loop: use `await ….dispatch()` here")
        message = self._preparer.prepare(sendable)
        way = Way.of(sendable)
        if way.connection is not None:
            _check([message], self._transactions.enqueue_sync(way, [message]))
            return message.id
        answer: Future[Answer] = Future()
        sending(sendable).answer = answer
        self._broker.post(self._outbox(way.driver).accept, [Parcel(None, [message], [answer])])
        self._conclude([message], answer.result())
        return message.id

    async def _deliver(self, way: Way, sendables: Sequence[Sendable], messages: Sequence[Message]) -> None:
        if way.connection is None:
            waiting = self._send(way.driver, messages)
            for sendable in sendables:
                sending(sendable).answer = waiting
            self._conclude(messages, await waiting)
        else:
            # Nobody is told: whether the transaction will be committed only its owner knows.
            _check(messages, await self._transactions.enqueue(way, messages))

    def _send(self, driver: Driver, messages: Sequence[Message]) -> asyncio.Future[Answer]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        parcel = self._parcel(loop, driver, len(messages))
        parcel.messages += messages
        parcel.waiting.append(answer)
        return answer

    def _conclude(self, messages: Sequence[Message], answer: Answer) -> None:
        if isinstance(answer, Unavailable):
            raise _unsure(messages, answer) from answer
        if isinstance(answer, BaseException):
            raise answer
        if answer:
            _check(messages, answer)
        if self._events.on:
            self._events.emit(*map(enqueued, messages))

    def _parcel(self, loop: asyncio.AbstractEventLoop, driver: Driver, count: int) -> Parcel:
        """What this tick sends to this driver, and has room for so many more."""
        tick = self._local.tick
        if tick is None or tick.loop is not loop:
            tick = self._local.tick = _Tick(loop)
            loop.call_soon(self._hand_over, tick)
        parcels = tick.parcels.get(driver)
        if parcels is None:
            parcels = tick.parcels[driver] = [Parcel(loop)]
        elif not parcels[-1].has_room(count):
            parcels.append(Parcel(loop))
        return parcels[-1]

    def _hand_over(self, tick: _Tick) -> None:
        self._local.tick = None
        for driver, parcels in tick.parcels.items():
            self._broker.post(self._outbox(driver).accept, parcels)

    def _outbox(self, driver: Driver) -> Outbox:
        loop = self._broker.loop
        if self._outboxes_loop is not loop:
            # After a fork the parcels under way are the parent's.
            self._outboxes, self._outboxes_loop = {}, loop
        outbox = self._outboxes.get(driver)
        if outbox is None:
            outbox = Outbox(self._routes, driver, timeout_seconds=self._timeout_seconds)
            outbox = self._outboxes.setdefault(driver, outbox)
        return outbox


def _check(messages: Sequence[Message], refusals: Sequence[Refusal]) -> None:
    """Raise for what was refused; a DUPLICATE is the queue saying that it has the message already."""
    ids = {message.id for message in messages}
    ours = [refusal for refusal in refusals if refusal.id in ids and refusal.reason is not Reason.DUPLICATE]
    if ours:
        kind = BodyTooLarge if ours[0].reason is Reason.TOO_LARGE else Refused
        listed = "; ".join(f"{refusal.id}: {refusal.reason.value} {refusal.text}".rstrip() for refusal in ours)
        raise kind(f"{len(ours)} of {len(messages)} messages refused: {listed}")


def _unsure(messages: Sequence[Message], error: Unavailable) -> Unavailable:
    ids = ", ".join(message.id for message in messages[:3])
    more = f" and {len(messages) - 3} more" if len(messages) > 3 else ""  # noqa: PLR2004 - as many as are named
    return Unavailable(f"{error}; {ids}{more} may or may not be queued; the same id can be sent again")
