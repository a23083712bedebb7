"""How much a worker may hold: an attempt keeps its slot from its lease until it is settled and nothing of it runs."""

import asyncio
from collections.abc import Callable, Iterator

from attrs import define

from asynctasq.app.attempt import Attempt


@define(eq=False)
class Slot:
    attempt: Attempt
    seated: bool = False
    """It has a child to run in."""
    task: "asyncio.Task[None] | None" = None
    ended: bool = False
    settled: bool = False
    lingers: bool = False
    """Its settlement alone does not free it, so the intake has to be told."""
    buried: "asyncio.Future[bool] | None" = None


class Slots:
    """Used on the task loop only. `on_vacated` hears of every slot that lingered."""

    def __init__(self, *, on_vacated: Callable[[], None]) -> None:
        self._on_vacated = on_vacated
        self._taken: dict[str, Slot] = {}
        self._changed = asyncio.Event()

    def __iter__(self) -> Iterator[Slot]:
        return iter(tuple(self._taken.values()))

    def __len__(self) -> int:
        return len(self._taken)

    def get(self, token: str) -> Slot | None:
        return self._taken.get(token)

    def take(self, attempt: Attempt, *, seated: bool = False) -> Slot:
        slot = self._taken[attempt.lease.token] = Slot(attempt, seated)
        return slot

    def end(self, slot: Slot) -> None:
        """Nothing of the attempt runs any more."""
        slot.ended = True
        self._vacate(slot)

    def settle(self, slot: Slot) -> None:
        """The queue has answered its verdict, or none will be sent."""
        slot.settled = True
        self._vacate(slot)

    async def empty(self) -> None:
        while self._taken:
            self._changed.clear()
            await self._changed.wait()

    def _vacate(self, slot: Slot) -> None:
        if slot.ended and slot.settled and self._taken.pop(slot.attempt.lease.token, None):
            self._changed.set()
            if slot.lingers:
                self._on_vacated()
