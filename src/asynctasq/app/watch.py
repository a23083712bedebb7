"""Tells who blocks the task loop. Runs on the broker's loop, the only one that still moves then."""

import asyncio
import logging
import sys
import time
import traceback
from collections.abc import Callable

log = logging.getLogger("asynctasq.watch")

PING_SECONDS = 0.5
BLOCKED_SECONDS = 1.0


class Watch:
    """Pings the task loop while something runs there, and names the task and its stack when no answer comes."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        thread_id: int,
        *,
        busy: Callable[[], bool],
        describe: Callable[[], str | None],
    ) -> None:
        self._loop = loop
        self._thread_id = thread_id
        self._busy = busy
        self._describe = describe
        self._answered = True

    async def run(self) -> None:
        """Watch until cancelled; one warning for each time the loop stands still."""
        while True:
            await asyncio.sleep(PING_SECONDS)
            if not self._busy():
                continue
            self._answered = False
            since = time.monotonic()
            self._loop.call_soon_threadsafe(self._answer)
            await self._wait_for_answer(since)

    def _answer(self) -> None:
        self._answered = True

    async def _wait_for_answer(self, since: float) -> None:
        warned = False
        while not self._answered:
            await asyncio.sleep(PING_SECONDS)
            if not (self._answered or warned) and time.monotonic() - since >= BLOCKED_SECONDS:
                warned = True
                self._warn()
        if warned:
            log.warning("the event loop moves again after %.1f s", time.monotonic() - since)

    def _warn(self) -> None:
        # There is no public way to see another thread's stack.
        frame = sys._current_frames().get(self._thread_id)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        stack = "".join(traceback.format_stack(frame)) if frame else ""
        log.warning(
            "the event loop has not moved for %.0f s, blocked by %s; leases are renewed all the same. "
            "Blocking code belongs in a sync task\n%s",
            BLOCKED_SECONDS,
            self._describe() or "something outside of any task",
            stack,
        )
