"""Tasks that compute, in child processes of our own (ADR-0012)."""

import asyncio
import logging
import pickle
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from asynctasq.adapters.executors.children import Child, ChildLost
from asynctasq.adapters.executors.memory import MEGABYTE
from asynctasq.domain.errors import Closed
from asynctasq.domain.outcome import ErrorInfo, Failed, Outcome, TimedOut
from asynctasq.ports.executor import Call, Executor

log = logging.getLogger("asynctasq.processes")


class ProcessExecutor(Executor):
    """Up to `size` children, started when they are needed, with one call at a time each.

    A child that dies takes its own call along and no other. A new one first runs `prepare`, which must succeed.
    For as long as the loop does not move on, a child belongs to the asyncio task that used it: a call that follows
    at once finds the objects that the call before it left there.
    """

    def __init__(
        self,
        size: int,
        *,
        prepare: Call | None = None,
        max_tasks_per_child: int | None = None,
        max_rss_mb: int | None = None,
    ) -> None:
        self._prepare = prepare
        self._max_tasks = max_tasks_per_child
        self._max_rss_mb = max_rss_mb
        self._slots = asyncio.Semaphore(size)
        self._children: set[Child] = set()
        self._idle: list[Child] = []
        self._kept: dict[asyncio.Task[Any] | None, Child] = {}
        self._opened = False

    async def open(self) -> None:
        self._opened = True

    async def close(self) -> None:
        self._opened = False
        children, self._children = self._children, set()
        self._idle.clear()
        await asyncio.gather(*(child.end() for child in children))

    async def ping(self) -> None:
        self._check_open()

    async def run(self, call: Call) -> Outcome:
        self._check_open()
        try:
            async with self._child_at(_request(call)) as child, asyncio.timeout(call.timeout_seconds):
                return pickle.loads(await child.hear())  # noqa: S301 - a child of our own
        except ChildLost as lost:
            return Failed(lost.error)
        except TimeoutError:
            return TimedOut(ErrorInfo("TaskTimeout", f"killed after {call.timeout_seconds:g} s"))

    async def vacated(self, call: Call) -> None:
        """A child that was stopped is dead before its `run` returns."""

    @asynccontextmanager
    async def _child_at(self, request: bytes) -> AsyncGenerator[Child]:
        """A child that has begun with the request. It dies if the body does not come to its end."""
        child = await self._begun(request)
        try:
            yield child
        except BaseException:
            await self._lose(child)
            raise
        self._keep(child)

    async def _begun(self, request: bytes) -> Child:
        while True:
            child = await self._take()
            try:
                child.say(request)
                await child.hear()
            except ChildLost:  # before it began: another one can have the call
                await self._lose(child)
            except BaseException:
                await self._lose(child)
                raise
            else:
                return child

    async def _take(self) -> Child:
        kept = self._kept.pop(asyncio.current_task(), None)
        if kept is not None:
            return kept
        await self._slots.acquire()
        try:
            while self._idle:
                child = self._idle.pop()
                if child.alive:
                    return child
                self._children.discard(child)
                await child.end()
            return await self._started()
        except BaseException:
            self._slots.release()
            raise

    async def _started(self) -> Child:
        self._check_open()
        child = await Child.start()
        self._children.add(child)
        try:
            child.say(pickle.dumps(sys.path))
            await self._prepared(child)
        except BaseException:
            self._children.discard(child)
            await child.end()
            raise
        return child

    async def _prepared(self, child: Child) -> None:
        if self._prepare is None:
            return
        child.say(_request(self._prepare))
        await child.hear()
        outcome: Outcome = pickle.loads(await child.hear())  # noqa: S301
        if isinstance(outcome, Failed):
            raise ChildLost(outcome.error)

    def _keep(self, child: Child) -> None:
        user = asyncio.current_task()
        self._kept[user] = child
        asyncio.get_running_loop().call_soon(self._put_back, user)

    def _put_back(self, user: "asyncio.Task[Any] | None") -> None:
        child = self._kept.pop(user, None)
        if child is None:
            return
        child.task_count += 1
        if self._is_worn(child):
            child.kill()
        self._idle.append(child)
        self._slots.release()

    def _is_worn(self, child: Child) -> bool:
        if child.task_count == self._max_tasks:
            return True
        if self._max_rss_mb is None:
            return False
        taken_mb = child.resident_bytes / MEGABYTE
        if taken_mb > self._max_rss_mb:
            text = "the child process %d takes %.0f MB after %d tasks, max_rss_mb is %d: it is replaced"
            log.info(text, child.pid, taken_mb, child.task_count, self._max_rss_mb)
            return True
        return False

    async def _lose(self, child: Child) -> None:
        self._children.discard(child)
        try:
            await child.end()
        finally:
            self._slots.release()

    def _check_open(self) -> None:
        if not self._opened:
            raise Closed("the process executor is not open")


def _request(call: Call) -> bytes:
    return pickle.dumps((call.function, call.argument))
