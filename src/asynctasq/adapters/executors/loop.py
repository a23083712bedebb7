"""Async tasks, on the loop that calls."""

import asyncio
from typing import Any

from asynctasq.domain.errors import Closed
from asynctasq.domain.outcome import ErrorInfo, Failed, Outcome, TimedOut
from asynctasq.ports.executor import Call, Executor


class LoopExecutor(Executor):
    """As many slots as its caller likes: a coroutine needs none."""

    def __init__(self) -> None:
        self._closed = False

    async def open(self) -> None: ...

    async def close(self) -> None:
        self._closed = True

    async def ping(self) -> None:
        self._check_open()

    async def run(self, call: Call) -> Outcome:
        self._check_open()
        timeout = call.timeout_seconds
        if timeout is None:
            return await _answer(call)
        limit = asyncio.timeout(timeout)
        try:
            async with limit:
                return await _answer(call)
        except TimeoutError:
            return TimedOut(ErrorInfo("TaskTimeout", f"cancelled after {timeout:g} s"))

    async def vacated(self, call: Call) -> None:  # noqa: ARG002 - a coroutine ends with its `run`
        self._check_open()

    def _check_open(self) -> None:
        if self._closed:
            raise Closed("the loop executor is closed")


async def _answer(call: Call) -> Outcome:
    """The function's own answer; an exception that it lets out is a failure, a cancellation from outside goes on."""
    try:
        answer: Any = call.function(call.argument)
        return await answer
    except BaseException as error:  # even SystemExit must not end the loop
        current = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and current is not None and current.cancelling():
            raise
        return Failed(ErrorInfo.of(error))
