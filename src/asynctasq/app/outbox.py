"""Dispatches of one driver on their way to the broker: what comes together goes in one call."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Sequence
from concurrent.futures import Future

from attrs import Factory, define

from asynctasq.app.backoff import Backoff
from asynctasq.app.routes import Driver, Routes
from asynctasq.domain.errors import Unavailable
from asynctasq.domain.message import IdempotencyKey, Message
from asynctasq.domain.verdict import Refusal

BATCH_LIMIT = 1000

Answer = Sequence[Refusal] | BaseException
"""An error is a value, too: each caller raises it in words of its own, with the ids that it sent."""

Waiting = asyncio.Future[Answer] | Future[Answer]


def leaves_unsure(waiting: Waiting) -> bool:
    """Whether it ended without anybody knowing if the queue has the message."""
    return waiting.done() and (waiting.cancelled() or isinstance(waiting.result(), Unavailable))


@define(eq=False)
class Parcel:
    """Messages that go together, and everybody who waits for some of them; `loop` is theirs, None for a thread.

    One for all dispatches of a tick: whatever each of them has of its own while it waits, the garbage collector
    looks through again and again, and that is dear.
    """

    loop: asyncio.AbstractEventLoop | None
    messages: list[Message] = Factory(list[Message])
    waiting: list[Waiting] = Factory(list[Waiting])
    deadline: float = 0.0

    def has_room(self, count: int) -> bool:
        return len(self.messages) + count <= BATCH_LIMIT


class Outbox:
    """Lives on the broker's loop. Parcels that arrive while a batch is under way join the next one."""

    def __init__(self, routes: Routes, driver: Driver, *, timeout_seconds: float) -> None:
        self._routes = routes
        self._driver = driver
        self._timeout_seconds = timeout_seconds
        self._waiting: list[Parcel] = []
        self._sender: asyncio.Task[None] | None = None
        self._last_error: Unavailable | None = None
        self._name = secrets.token_hex(8)
        self._batch_number = 0

    def accept(self, parcels: Sequence[Parcel]) -> None:
        deadline = time.monotonic() + self._timeout_seconds
        for parcel in parcels:
            parcel.deadline = deadline
        self._waiting += parcels
        if self._sender is None:
            # Its life is this object's: it ends with the last parcel and lets no error out.
            self._sender = asyncio.get_running_loop().create_task(self._send_all())

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                batch = self._next_batch()
                try:
                    answer: Answer = await self._send(batch)
                except BaseException as error:  # noqa: BLE001 - whatever it is, the callers must hear of it
                    answer = error
                _wake(batch, answer)
        finally:
            self._sender = None

    def _next_batch(self) -> list[Parcel]:
        count = size = 0
        for parcel in self._waiting:
            size += len(parcel.messages)
            if count and size > BATCH_LIMIT:
                break
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch

    async def _send(self, batch: Sequence[Parcel]) -> Sequence[Refusal]:
        messages = [message for parcel in batch for message in parcel.messages]
        try:
            async with asyncio.timeout(batch[0].deadline - time.monotonic()):
                return await self._enqueue(messages)
        except TimeoutError:
            detail = f" ({self._last_error})" if self._last_error else ""
            raise Unavailable(f"the queue gave no answer within {self._timeout_seconds:g} s{detail}") from None

    async def _enqueue(self, messages: Sequence[Message]) -> Sequence[Refusal]:
        backoff = Backoff()
        self._last_error = None
        self._batch_number += 1
        key = IdempotencyKey(self._name, self._batch_number)
        while True:
            queue = None
            try:
                queue = await self._routes.queue(self._driver)
                return await queue.enqueue(messages, key=key)
            except Unavailable as error:
                self._last_error = error
                if queue and not queue.capabilities.deduplicates:
                    # Sent again, a message that did arrive would run twice; that is for the caller to choose.
                    raise
            await asyncio.sleep(backoff.next_seconds())


def _wake(batch: Sequence[Parcel], answer: Answer) -> None:
    by_loop: dict[asyncio.AbstractEventLoop | None, list[Parcel]] = {}
    for parcel in batch:
        by_loop.setdefault(parcel.loop, []).append(parcel)
    for loop, parcels in by_loop.items():
        if loop is None:
            _answer(parcels, answer)
        else:
            with contextlib.suppress(RuntimeError):  # the caller's loop has closed: nobody waits any more
                loop.call_soon_threadsafe(_answer, parcels, answer)


def _answer(parcels: Sequence[Parcel], answer: Answer) -> None:
    for parcel in parcels:
        for waiting in parcel.waiting:
            if not waiting.done():
                waiting.set_result(answer)
