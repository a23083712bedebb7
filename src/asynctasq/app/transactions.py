"""Dispatching within a transaction of the user's: on the user's connection, so on the user's loop or thread."""

import asyncio
from collections.abc import Sequence

from attrs import field, frozen

from asynctasq.app.broker import Broker
from asynctasq.app.routes import Driver, Routes
from asynctasq.app.sendable import Sendable, sending
from asynctasq.domain.errors import Unavailable, Unsupported
from asynctasq.domain.message import Message
from asynctasq.domain.verdict import Refusal
from asynctasq.ports.queue import Queue
from asynctasq.ports.transaction import TransactionalQueue


@frozen
class Way:
    """Where a task goes, and on whose connection. Two connections are the same only if they are one object."""

    driver: Driver
    connection: object = field(eq=id)

    @classmethod
    def of(cls, sendable: Sendable) -> "Way":
        return cls(sendable.config.get("driver"), sending(sendable).connection)


class Transactions:
    """Only the queue is had from the broker's loop, where it is opened; what it does then it does where we are."""

    def __init__(self, broker: Broker, routes: Routes, *, timeout_seconds: float) -> None:
        self._broker = broker
        self._routes = routes
        self._timeout_seconds = timeout_seconds

    async def enqueue(self, way: Way, messages: Sequence[Message]) -> Sequence[Refusal]:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                queue = await self._broker.call(self._routes.queue, way.driver)
        except TimeoutError:
            raise self._silence() from None
        return await _transactional(queue).enqueue_on(way.connection, messages)

    def enqueue_sync(self, way: Way, messages: Sequence[Message]) -> Sequence[Refusal]:
        try:
            queue = self._broker.submit(self._routes.queue, way.driver).result(self._timeout_seconds)
        except TimeoutError:
            raise self._silence() from None
        return _transactional(queue).enqueue_on_sync(way.connection, messages)

    def _silence(self) -> Unavailable:
        return Unavailable(f"the queue gave no answer within {self._timeout_seconds:g} s")


def _transactional(queue: Queue) -> TransactionalQueue:
    if isinstance(queue, TransactionalQueue):
        return queue
    raise Unsupported(
        f"options(connection=…): {queue} cannot join your transaction; "
        "a driver whose queue lies in your own database can, such as postgres"
    )
