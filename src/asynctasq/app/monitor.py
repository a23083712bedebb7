"""Questions and repairs for people and tools: the command line, `get` and `cancel`, a health page."""

from collections.abc import Callable, Coroutine, Sequence, Set
from typing import Any, TypeVar

from asynctasq.app.broker import Broker
from asynctasq.app.routes import Driver, Routes
from asynctasq.domain.lifecycle import State
from asynctasq.domain.record import TaskRecord
from asynctasq.domain.verdict import Refusal
from asynctasq.domain.views import MessageView, Page, QueueStats
from asynctasq.ports.admin import QueueAdmin
from asynctasq.ports.durability import Durability
from asynctasq.ports.history import History

T = TypeVar("T")


class Monitor:
    """Raises what `QueueAdmin` raises; a driver other than the default is named or given."""

    def __init__(self, broker: Broker, routes: Routes, history: History | None = None) -> None:
        self._broker = broker
        self._routes = routes
        self._history = history

    async def stats(self, *, driver: Driver = None) -> Sequence[QueueStats]:
        return await self._ask(driver, lambda admin: admin.stats())

    async def get(self, id: str, *, driver: Driver = None) -> MessageView | None:
        """The message as it stands, None if the queue does not keep it (any more)."""
        found = await self._ask(driver, lambda admin: admin.fetch([id]))
        return found[0] if found else None

    async def completed(self, id: str) -> TaskRecord | None:
        """What the history knows of a task that has succeeded; None if there is no history either."""
        return await self._broker.call(self._completed, self._history, id) if self._history else None

    async def find(
        self,
        *,
        state: State,
        queue: str | None = None,
        limit: int = 100,
        after: str | None = None,
        driver: Driver = None,
    ) -> Page:
        return await self._ask(driver, lambda admin: admin.find(state=state, queue=queue, limit=limit, after=after))

    async def cancel(self, ids: Sequence[str], *, driver: Driver = None) -> Sequence[Refusal]:
        return await self._ask(driver, lambda admin: admin.cancel(ids))

    async def requeue(self, ids: Sequence[str], *, driver: Driver = None) -> Sequence[Refusal]:
        return await self._ask(driver, lambda admin: admin.requeue(ids))

    async def delete(self, ids: Sequence[str], *, driver: Driver = None) -> Sequence[Refusal]:
        return await self._ask(driver, lambda admin: admin.delete(ids))

    async def purge(self, queue: str, *, states: Set[State], driver: Driver = None) -> int:
        return await self._ask(driver, lambda admin: admin.purge(queue, states=states))

    async def describe(self, *, driver: Driver = None) -> str:
        """Which queue this is, as people can tell it from others: its kind and where it lies."""
        return await self._broker.call(self._describe, driver)

    async def ping(self, *, driver: Driver = None) -> None:
        """Return if the queue answers."""
        await self._broker.call(self._ping, driver)

    async def durability(self, *, driver: Driver = None) -> Sequence[str]:
        """What in the set-up of its server could lose tasks, as far as the queue can tell."""
        return await self._broker.call(self._durability, driver)

    async def _completed(self, history: History, id: str) -> TaskRecord | None:
        await history.open()
        return await history.find(id)

    async def _ping(self, driver: Driver) -> None:
        await (await self._routes.queue(driver)).ping()

    async def _durability(self, driver: Driver) -> Sequence[str]:
        queue = await self._routes.queue(driver)
        return await queue.durability() if isinstance(queue, Durability) else ()

    async def _describe(self, driver: Driver) -> str:
        return str(await self._routes.queue(driver))

    async def _ask(self, driver: Driver, question: Callable[[QueueAdmin], Coroutine[Any, Any, T]]) -> T:
        return await self._broker.call(self._answer, driver, question)

    async def _answer(self, driver: Driver, question: Callable[[QueueAdmin], Coroutine[Any, Any, T]]) -> T:
        queue = await self._routes.queue(driver)
        return await question(queue.admin)
