"""One attempt: what a worker knows of it, and the boundary at which whatever a task does becomes an outcome.

`execute` and `conclude` are what executors call on the loop, their `_sync` twins in a thread.
"""

import asyncio
import contextlib
import inspect
import logging
import time
from collections.abc import Callable
from enum import Enum
from typing import Any

from attrs import define, evolve, field

from asynctasq.app import context
from asynctasq.app.definition import Mode, TaskDefinition
from asynctasq.app.sendable import Sendable, begin
from asynctasq.domain.decide import is_final
from asynctasq.domain.errors import Reject, RetryIn, Snooze, WorkerLost
from asynctasq.domain.lease import Lease
from asynctasq.domain.outcome import ErrorInfo, Failed, Outcome, Rejected, Skewed, Snoozed, Succeeded, TimedOut
from asynctasq.domain.verdict import Verdict
from asynctasq.ports.executor import Call

log = logging.getLogger("asynctasq.task")

SUCCEEDED = Succeeded()


class Interruption(Enum):
    """Why a worker stops an attempt: it is leaving, the lease is lost, or somebody cancelled the task."""

    STOPPED = "stopped"
    LOST = "lost"
    CANCELLED = "cancelled"


@define(eq=False)
class Attempt:
    """Filled in as it goes: `mode`, `definition` and `arguments` once read, `task` once built, `error` once failed."""

    lease: Lease
    mode: Mode | None = None
    definition: TaskDefinition = field(init=False)
    arguments: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})
    timeout_seconds: float | None = None
    skew_seconds: float = 0.0
    task: Sendable | None = None
    error: BaseException | None = None
    outcome: Outcome = SUCCEEDED
    interruption: Interruption | None = None
    call: Call | None = None
    began: bool = False
    verdict: Verdict | None = None
    started_at: float = field(factory=time.monotonic)

    def build(self) -> Sendable:
        """The task, made from its arguments as its caller made it."""
        context.enter(self.lease.message, self.lease.attempt)
        task: Sendable = self.definition.create(*self.arguments)
        if self.definition.is_class:  # a function never sees the object that its call is
            begin(task, self.lease.message, self.lease.attempt)
        self.task = task
        return task

    def end(self, error: BaseException) -> Outcome:
        """The outcome that an exception out of the task means."""
        self.error = error
        match error:
            case Snooze():
                return Snoozed(error.seconds)
            case Reject():
                return Rejected(ErrorInfo("Reject", error.reason))
            case RetryIn():
                return Failed(ErrorInfo.of(error), retry_in_seconds=error.seconds)
            case TypeError() if not self.definition.binds(*self.arguments):
                return Skewed(ErrorInfo.of(error), self.skew_seconds)
            case _:
                return Failed(ErrorInfo.of(error))

    @property
    def asks(self) -> bool:
        """Whether it is the task's own `should_retry` that says if there is another attempt."""
        return isinstance(self.outcome, Failed | TimedOut) and not isinstance(self.error, RetryIn)

    def hear(self, retryable: object) -> None:
        """Note what `should_retry` answered."""
        if isinstance(self.outcome, Failed | TimedOut):
            self.outcome = evolve(self.outcome, retryable=bool(retryable))

    @property
    def final(self) -> bool:
        match self.outcome:
            case Failed(_, retryable) | TimedOut(_, retryable):
                return is_final(self.lease, retryable=retryable)
            case _:
                return True


async def execute(attempt: Attempt) -> Outcome:
    """Build the task and run it on this loop."""
    try:
        await attempt.build().execute()
    except BaseException as error:  # the task boundary: nothing of a task's own gets past it
        if _comes_from_outside(error):
            raise
        return attempt.end(error)
    return SUCCEEDED


def execute_sync(attempt: Attempt) -> Outcome:
    """Build the task and run it in this thread."""
    try:
        attempt.build().execute()
    except BaseException as error:  # noqa: BLE001 - the task boundary, as above
        return attempt.end(error)
    return SUCCEEDED


async def conclude(attempt: Attempt) -> Outcome:
    """Ask the task whether there is another attempt and tell it if there is none; nothing it does here counts."""
    context.enter(attempt.lease.message, attempt.lease.attempt)
    task = attempt.task
    if task is not None and attempt.asks:
        attempt.hear(await _guarded(task.should_retry, attempt, default=True))
    if task is not None and attempt.final:
        await _guarded(task.failed, attempt)
    return attempt.outcome


def conclude_sync(attempt: Attempt) -> Outcome:
    """The same in this thread, with a loop of its own for hooks that are coroutine functions."""
    return asyncio.run(conclude(attempt))


async def mourn(attempt: Attempt) -> Outcome:
    """Tell a task that was buried unrun why; `attempt.error` says it."""
    with contextlib.suppress(Exception):  # a task that cannot even be built hears nothing
        attempt.build()
        await conclude(attempt)
    return attempt.outcome


def mourn_sync(attempt: Attempt) -> Outcome:
    """The same in this thread."""
    return asyncio.run(mourn(attempt))


async def _guarded(hook: Callable[[Any], Any], attempt: Attempt, *, default: object = None) -> object:
    try:
        return await _heard(hook, attempt.error or WorkerLost())
    except BaseException as error:  # the task boundary, as above
        if _comes_from_outside(error):
            raise
        log.exception("%s of task %s raised", hook.__name__, attempt.lease.message.id)
        return default


async def _heard(hook: Callable[[Any], Any], error: BaseException) -> object:
    """Called inside an `except` block, where a hook's `logger.error(..., exc_info=True)` shows what went wrong."""
    try:
        raise error  # noqa: TRY301
    except BaseException:  # noqa: BLE001 - it is the hook's argument
        answer = hook(error)
        return await answer if inspect.isawaitable(answer) else answer


def _comes_from_outside(error: BaseException) -> bool:
    """A cancellation that somebody asked this task for, or the end of its coroutine; the task's own is an outcome."""
    if isinstance(error, asyncio.CancelledError):
        current = asyncio.current_task()
        return current is not None and current.cancelling() > 0
    return isinstance(error, GeneratorExit)
