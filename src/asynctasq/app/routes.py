"""Which queue a driver means. Lives on the broker's loop, where every queue is opened and closed."""

import asyncio
import logging
from collections.abc import Callable

from asynctasq.domain.errors import AsyncTasQError
from asynctasq.ports.queue import Queue

log = logging.getLogger("asynctasq.routes")

Driver = str | Queue | None
"""A driver's name, a queue of the user's own making, or None for the default driver."""


class Routes:
    """Opens each queue at its first use, once, however many tasks and threads ask for it."""

    def __init__(self, load: Callable[[str], Queue], default: str | Queue) -> None:
        self._load = load
        self._default = default
        self._made: dict[str, Queue] = {}
        self._forget(None)

    def make_default(self) -> None:
        """Make the default queue now, and open it at its first use. Raises what is wrong with its settings."""
        if isinstance(self._default, str) and self._default not in self._made:
            self._made[self._default] = self._load(self._default)

    def _forget(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self._loop = loop
        self._queues: dict[str | Queue, Queue] = {}
        self._opening: dict[str | Queue, asyncio.Lock] = {}

    async def queue(self, driver: Driver = None) -> Queue:
        """The open queue of a driver; raises `Unavailable` as long as it cannot be opened."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # After a fork the broker has a new loop, and the connections are the parent's.
            self._forget(loop)
        key = self._default if driver is None else driver
        queue = self._queues.get(key)
        return queue if queue is not None else await self._open(key)

    async def _open(self, key: str | Queue) -> Queue:
        async with self._opening.setdefault(key, asyncio.Lock()):
            if key not in self._queues:
                queue = (self._made.pop(key, None) or self._load(key)) if isinstance(key, str) else key
                await queue.open()
                self._queues[key] = queue
                log.info("using %s", queue)
            return self._queues[key]

    async def close(self) -> None:
        queues = list(self._queues.values())
        self._forget(None)
        for result in await asyncio.gather(*(queue.close() for queue in queues), return_exceptions=True):
            if isinstance(result, AsyncTasQError):
                log.warning("a queue did not close: %s", result)
            elif isinstance(result, BaseException):
                raise result
