"""The functions of the package that concern the default application."""

from collections.abc import Sequence

from asynctasq.app.current import application
from asynctasq.app.routes import Driver
from asynctasq.app.sendable import Sendable
from asynctasq.domain.views import MessageView


async def dispatch_many(tasks: Sequence[Sendable]) -> list[str]:
    """Dispatch tasks together, one call per broker; their ids in order. Raises what `dispatch()` raises."""
    return await application().dispatcher.dispatch_many(tasks)


async def get(id: str, *, driver: Driver = None) -> MessageView | None:
    """What became of a task: its state, attempts and last error; None if the queue does not keep it (any more)."""
    return await application().monitor.get(id, driver=driver)


async def cancel(id: str, *, driver: Driver = None) -> bool:
    """Cancel a task that waits or runs. False if there is none to cancel."""
    return not await application().monitor.cancel([id], driver=driver)
