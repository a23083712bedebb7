"""How much a worker may hold: an attempt keeps its slot from its lease until it is settled and nothing of it runs."""

import asyncio
from collections.abc import Callable, Iterator

from attrs import define

from asynctasq.app.attempt import Attempt


@define(eq=False)
class Slot:
    attempt: Attempt
    task: "asyncio.Task[None] | None" = None
    ended: bool = False
    settled: bool = False
    buried: "asyncio.Future[bool] | None" = None


class Slots:
    """Used on the task loop only. `close` makes every wait return, so that a stop is heard everywhere."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._taken: dict[str, Slot] = {}
        self._changed = asyncio.Event()
        self._closed = False

    def __iter__(self) -> Iterator[Slot]:
        return iter(tuple(self._taken.values()))

    def __len__(self) -> int:
        return len(self._taken)

    @property
    def free_count(self) -> int:
        return self._count - len(self._taken)

    def get(self, token: str) -> Slot | None:
        return self._taken.get(token)

    def take(self, attempt: Attempt) -> Slot:
        slot = self._taken[attempt.lease.token] = Slot(attempt)
        return slot

    def end(self, slot: Slot) -> None:
        """Nothing of the attempt runs any more."""
        slot.ended = True
        self._vacate(slot)

    def settle(self, slot: Slot) -> None:
        """The queue has answered its verdict, or none will be sent."""
        slot.settled = True
        self._vacate(slot)

    def close(self) -> None:
        self._closed = True
        self._changed.set()

    async def some_free(self) -> None:
        await self._until(lambda: self.free_count > 0 or self._closed)

    async def idle(self) -> None:
        await self._until(lambda: not self._taken or self._closed)

    async def empty(self) -> None:
        """Like `idle`, after the close."""
        await self._until(lambda: not self._taken)

    def _vacate(self, slot: Slot) -> None:
        if slot.ended and slot.settled:
            self._taken.pop(slot.attempt.lease.token, None)
            self._changed.set()

    async def _until(self, true: Callable[[], bool]) -> None:
        while not true():
            self._changed.clear()
            await self._changed.wait()
