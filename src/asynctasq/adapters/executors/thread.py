"""Blocking tasks, in a bounded pool of threads."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, cast

from asynctasq.domain.errors import Closed
from asynctasq.domain.outcome import ErrorInfo, Failed, Outcome, TimedOut
from asynctasq.ports.executor import Call, Executor


class ThreadExecutor(Executor):
    """A thread cannot be stopped: past its timeout, or cancelled, it is abandoned and keeps its slot until it ends."""

    def __init__(self, slot_count: int) -> None:
        self._slot_count = slot_count
        self._pool: ThreadPoolExecutor | None = None
        self._slots = asyncio.Semaphore(slot_count)
        self._abandoned: dict[int, asyncio.Future[Outcome]] = {}

    async def open(self) -> None:
        self._pool = ThreadPoolExecutor(self._slot_count, thread_name_prefix="asynctasq-task")

    async def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    async def ping(self) -> None: ...

    async def run(self, call: Call) -> Outcome:
        if self._pool is None:
            raise Closed("the thread executor is not open")
        # The clock starts when a thread is free, so waiting for one is no part of the timeout.
        await self._slots.acquire()
        function = cast("Callable[[Any], Outcome]", call.function)
        work = partial(_answer, contextvars.copy_context(), function, call.argument)
        running = asyncio.get_running_loop().run_in_executor(self._pool, work)
        running.add_done_callback(lambda _: self._slots.release())
        try:
            done, _ = await asyncio.wait([running], timeout=call.timeout_seconds)
        except asyncio.CancelledError:
            self._abandon(call, running)
            raise
        if done:
            return running.result()
        self._abandon(call, running)
        return TimedOut(ErrorInfo("TaskTimeout", f"abandoned after {call.timeout_seconds:g} s, its thread still runs"))

    async def vacated(self, call: Call) -> None:
        running = self._abandoned.get(id(call))
        if running is not None:
            await asyncio.wait([running])

    def _abandon(self, call: Call, running: "asyncio.Future[Outcome]") -> None:
        self._abandoned[id(call)] = running
        running.add_done_callback(lambda _: self._abandoned.pop(id(call)))


def _answer(context: contextvars.Context, function: Callable[[Any], Outcome], argument: Any) -> Outcome:
    try:
        return context.run(function, argument)
    except BaseException as error:  # noqa: BLE001 - even SystemExit must not end the thread
        return Failed(ErrorInfo.of(error))
