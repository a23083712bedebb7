"""When this process dies: `FATE=running:17` kills it the seventeenth time that it passes that point.

`FATE=anywhere:300` kills it that many milliseconds after its first lease, wherever it is then.
"""

import os
import signal
import threading
from collections.abc import Sequence

from attrs import define, field
from ledger import note

from asynctasq.domain.lease import Lease
from asynctasq.domain.message import IdempotencyKey, Message
from asynctasq.domain.verdict import Refusal, Verdict
from asynctasq.ports.admin import QueueAdmin
from asynctasq.ports.queue import Queue

LAST_ATTEMPT = 3
SPARED_SECONDS = 0.05


@define(eq=False)
class Fate:
    """`left` is how many times more the point may be passed; `attempts` are those of the leases held now, by token."""

    point: str
    left: int
    attempts: dict[str, int] = field(factory=dict)

    def pass_by(self, point: str) -> None:
        if point == self.point:
            self.left -= 1
            if self.left <= 0:
                self._strike()

    def haunt(self) -> None:
        """Wait for the time to come, in a thread of its own."""
        if self.point == "anywhere":
            self.point = "somewhere"
            self._strike_after(self.left / 1000)

    def _strike(self) -> None:
        # A third death would end a task that the promise allows to end: wait until it is settled.
        if LAST_ATTEMPT not in self.attempts.values():
            note("killed")
            os.kill(os.getpid(), signal.SIGKILL)

    def _strike_after(self, seconds: float) -> None:
        timer = threading.Timer(seconds, self._strike_soon)
        timer.daemon = True
        timer.start()

    def _strike_soon(self) -> None:
        self._strike()
        self._strike_after(SPARED_SECONDS)


_point, _, _count = os.environ.get("FATE", "").partition(":")
fate = Fate(_point, int(_count or 0))


class MortalQueue(Queue):
    """Passes by the points at which the life of its process may end, on the way to a real queue."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self.capabilities = queue.capabilities

    def __str__(self) -> str:
        return str(self._queue)

    @property
    def admin(self) -> QueueAdmin:
        return self._queue.admin

    async def open(self) -> None:
        await self._queue.open()

    async def close(self) -> None:
        await self._queue.close()

    async def ping(self) -> None:
        await self._queue.ping()

    async def enqueue(self, messages: Sequence[Message], *, key: IdempotencyKey | None = None) -> Sequence[Refusal]:
        fate.pass_by("enqueueing")
        refusals = await self._queue.enqueue(messages, key=key)
        fate.pass_by("enqueued")
        return refusals

    async def lease(
        self, queues: Sequence[str], *, limit: int, lease_seconds: float, owner: str, wait: float = 0.0
    ) -> Sequence[Lease]:
        leases = await self._queue.lease(queues, limit=limit, lease_seconds=lease_seconds, owner=owner, wait=wait)
        fate.attempts.update((lease.token, lease.attempt) for lease in leases)
        if leases:
            fate.pass_by("leased")
            fate.haunt()
        return leases

    async def extend(self, leases: Sequence[Lease], *, lease_seconds: float) -> Sequence[Refusal]:
        return await self._queue.extend(leases, lease_seconds=lease_seconds)

    async def settle(self, verdicts: Sequence[Verdict]) -> Sequence[Refusal]:
        fate.pass_by("settling")
        refusals = await self._queue.settle(verdicts)
        for verdict in verdicts:
            fate.attempts.pop(verdict.lease.token, None)
        fate.pass_by("settled")
        return refusals
