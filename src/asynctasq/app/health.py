"""Whether a worker moves and whether its queue answers it, for whoever decides to restart it or to go on deploying."""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from typing import TypeVar

from attrs import define, field

from asynctasq.app.routes import Driver, Routes
from asynctasq.domain.errors import Closed, Unavailable
from asynctasq.domain.lease import Lease
from asynctasq.domain.message import IdempotencyKey, Message
from asynctasq.domain.verdict import Refusal, Verdict
from asynctasq.ports.admin import QueueAdmin
from asynctasq.ports.queue import Queue

T = TypeVar("T")

ANSWER_SECONDS = 0.5
"""How long a loop may take to answer: probes usually give up after a second."""
RECENT_SECONDS = 15.0


@define(eq=False)
class Health:
    """Asked on the broker's loop, so a broker thread that stands still answers nobody, which is an answer too.

    An idle worker hears from its queue every few seconds, a busy one renews at a third of its lease.
    """

    task_loop: asyncio.AbstractEventLoop
    lease_seconds: float
    _heard_at: float | None = field(init=False, default=None)

    async def live(self) -> bool:
        """Whether the task loop answers."""
        here, answered = asyncio.get_running_loop(), asyncio.Event()
        try:
            self.task_loop.call_soon_threadsafe(here.call_soon_threadsafe, answered.set)
            await asyncio.wait_for(answered.wait(), ANSWER_SECONDS)
        except (TimeoutError, RuntimeError):  # it does not move, or has closed
            return False
        return True

    @property
    def ready(self) -> bool:
        """Whether the queue has answered lately, and to the last question."""
        recent = RECENT_SECONDS + self.lease_seconds / 3
        return self._heard_at is not None and time.monotonic() - self._heard_at < recent

    async def hear(self, answer: Awaitable[T]) -> T:
        """Await an answer of the queue and note whether it came."""
        try:
            given = await answer
        except (Unavailable, Closed):
            self._heard_at = None
            raise
        self._heard_at = time.monotonic()
        return given


class WatchedQueue(Queue):
    """The queue of a driver as it is, with an ear on it. It belongs to `routes`, which open and close it."""

    def __init__(self, routes: Routes, driver: Driver, health: Health) -> None:
        self._routes = routes
        self._driver = driver
        self._health = health

    def __str__(self) -> str:
        return str(self._queue)

    @property
    def admin(self) -> QueueAdmin:
        return self._queue.admin

    async def open(self) -> None:
        self._queue = await self._health.hear(self._routes.queue(self._driver))
        self.capabilities = self._queue.capabilities

    async def close(self) -> None:
        """Whoever opened it closes it."""

    async def ping(self) -> None:
        await self._health.hear(self._queue.ping())

    async def enqueue(self, messages: Sequence[Message], *, key: IdempotencyKey | None = None) -> Sequence[Refusal]:
        return await self._health.hear(self._queue.enqueue(messages, key=key))

    async def lease(
        self, queues: Sequence[str], *, limit: int, lease_seconds: float, owner: str, wait: float = 0.0
    ) -> Sequence[Lease]:
        call = self._queue.lease(queues, limit=limit, lease_seconds=lease_seconds, owner=owner, wait=wait)
        return await self._health.hear(call)

    async def extend(self, leases: Sequence[Lease], *, lease_seconds: float) -> Sequence[Refusal]:
        return await self._health.hear(self._queue.extend(leases, lease_seconds=lease_seconds))

    async def settle(self, verdicts: Sequence[Verdict]) -> Sequence[Refusal]:
        return await self._health.hear(self._queue.settle(verdicts))
