"""Which queues a worker serves. Lives on the broker's loop."""

import time
from collections import deque
from collections.abc import Callable, Sequence

from asynctasq.domain.errors import Unsupported
from asynctasq.ports.queue import Queue

LOOK_AGAIN_SECONDS = 5.0


class QueueNames:
    """The queues to serve: those named, in strict order; else the known ones and all that hold messages, in turn."""

    def __init__(self, queue: Queue, named: Sequence[str], known: Callable[[], Sequence[str]]) -> None:
        self._queue = queue
        self._named = tuple(named)
        self._known = known
        self._found: deque[str] = deque()
        self._look_at = 0.0

    async def current(self) -> Sequence[str]:
        if self._named:
            return self._named
        if time.monotonic() >= self._look_at:
            self._found = deque(dict.fromkeys([*self._known(), *await self._holding_messages()]))
            self._look_at = time.monotonic() + LOOK_AGAIN_SECONDS
        # Nobody ranked these, so each is first in its turn and none starves the others.
        self._found.rotate(-1)
        return tuple(self._found)

    async def _holding_messages(self) -> Sequence[str]:
        try:
            return await self._queue.admin.queues()
        except Unsupported:
            return ()
