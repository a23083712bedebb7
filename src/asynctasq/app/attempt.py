"""One attempt: what a worker knows of it, and the boundary at which whatever a task does becomes an outcome.

`execute`, `ask`, `tell` and `mourn` are what executors call on the loop, their `_sync` twins in a thread.
"""

import asyncio
import contextlib
import inspect
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from enum import Enum
from typing import Any

from attrs import evolve

from asynctasq.app import context
from asynctasq.app.definition import Mode, TaskDefinition
from asynctasq.app.references import Arguments, Loading, NotReady, Wait
from asynctasq.app.sendable import Sendable, begin
from asynctasq.domain.decide import is_final
from asynctasq.domain.errors import Reject, RetryIn, Snooze, WorkerLost
from asynctasq.domain.lease import Lease
from asynctasq.domain.outcome import ErrorInfo, Failed, Outcome, Rejected, Skewed, Snoozed, Succeeded, TimedOut
from asynctasq.domain.verdict import Verdict
from asynctasq.ports.executor import Call

log = logging.getLogger("asynctasq.task")

Run = Callable[[Coroutine[Any, Any, Any]], Any]
"""Runs a coroutine to its end, as `asyncio.run` does."""

SUCCEEDED = Succeeded()


class Interruption(Enum):
    """Why a worker stops an attempt: it leaves, the lease is lost, somebody cancelled the task, no child is free."""

    STOPPED = "stopped"
    LOST = "lost"
    CANCELLED = "cancelled"
    CROWDED_OUT = "crowded out"


class Attempt:
    """Filled in as it goes: `mode`, `definition` and `arguments` once read, `task` once built, `error` once failed."""

    # By hand: most attempts set few of these, and a generated __init__ would set them all.
    definition: TaskDefinition
    mode: Mode | None = None
    arguments: Arguments = ((), {})
    loading: Loading | None = None
    wait: Wait = staticmethod(asyncio.run)
    timeout_seconds: float | None = None
    skew_seconds: float = 0.0
    task: Sendable | None = None
    error: BaseException | None = None
    outcome: Outcome = SUCCEEDED
    interruption: Interruption | None = None
    calls: tuple[Call, ...] = ()
    verdict: Verdict | None = None

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.flag = context.Flag()
        self.started_at = time.monotonic()

    def supplied(self) -> AbstractAsyncContextManager[Arguments]:
        """Its arguments, for as long as the models among them live; raises `NotReady`."""
        return nullcontext(self.arguments) if self.loading is None else self.loading.on_loop(self.skew_seconds)

    def supplied_here(self) -> AbstractContextManager[Arguments]:
        """The same in a thread."""
        if self.loading is None:
            return nullcontext(self.arguments)
        return self.loading.blocking(self.skew_seconds, self.wait)

    def build(self) -> Sendable:
        """The task, made from its arguments as its caller made it."""
        self.enter()
        task: Sendable = self.definition.create(*self.arguments)
        if self.definition.is_class:  # a function never sees the object that its call is
            begin(task, self.lease.message, self.lease.attempt)
        self.task = task
        return task

    def enter(self) -> None:
        """From here on, this context belongs to this attempt."""
        context.enter(self.lease.message, self.lease.attempt, self.flag)

    def end(self, error: BaseException) -> Outcome:
        """The outcome that an exception out of the task means."""
        self.error = error
        match error:
            case NotReady():
                return error.outcome
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
        match self.outcome:
            case Failed(_, retry_in_seconds=retry_in_seconds):
                return retry_in_seconds is None  # else `RetryIn` has said it
            case TimedOut():
                return True
            case _:
                return False

    def hear(self, retryable: object) -> None:
        """Note what `should_retry` answered."""
        if isinstance(self.outcome, Failed | TimedOut):
            self.outcome = evolve(self.outcome, retryable=bool(retryable))

    @property
    def final(self) -> bool:
        """Whether it failed for good, of which the task is told."""
        match self.outcome:
            case Failed(_, retryable) | TimedOut(_, retryable):
                return is_final(self.lease, retryable=retryable)
            case Rejected():
                return True
            case _:
                return False


async def execute(attempt: Attempt) -> Outcome:
    """Build the task and run it on this loop."""
    try:
        if attempt.loading is None:  # as nearly always, and it is the hot path
            await attempt.build().execute()
        else:
            async with attempt.supplied() as attempt.arguments:
                await attempt.build().execute()
    except BaseException as error:  # the task boundary: nothing of a task's own gets past it
        if _comes_from_outside(error):
            raise
        return attempt.end(error)
    return SUCCEEDED


def execute_sync(attempt: Attempt) -> Outcome:
    """Build the task and run it in this thread."""
    try:
        with attempt.supplied_here() as attempt.arguments:
            attempt.build().execute()
    except BaseException as error:  # noqa: BLE001 - the task boundary, as above
        return attempt.end(error)
    return SUCCEEDED


async def ask(attempt: Attempt) -> Outcome:
    """Ask the task whether there is another attempt; the outcome then says what it answered."""
    attempt.enter()
    if attempt.task is not None:
        attempt.hear(await _guarded(attempt.task.should_retry, attempt, default=True))
    return attempt.outcome


def ask_sync(attempt: Attempt, run: Run = asyncio.run) -> Outcome:
    """The same in this thread; only a hook that is a coroutine function is given to a loop, by `run`."""
    attempt.enter()
    if attempt.task is not None:
        attempt.hear(_guarded_sync(attempt.task.should_retry, attempt, run, default=True))
    return attempt.outcome


async def tell(attempt: Attempt) -> Outcome:
    """Tell the task that there is no other attempt; nothing it does here counts."""
    attempt.enter()
    if attempt.task is not None:
        await _guarded(attempt.task.failed, attempt)
    return attempt.outcome


def tell_sync(attempt: Attempt, run: Run = asyncio.run) -> Outcome:
    """The same in this thread."""
    attempt.enter()
    if attempt.task is not None:
        _guarded_sync(attempt.task.failed, attempt, run)
    return attempt.outcome


async def mourn(attempt: Attempt) -> Outcome:
    """Tell a task that was buried unrun why; `attempt.error` says it."""
    with contextlib.suppress(Exception):  # a task that cannot even be built hears nothing
        async with attempt.supplied() as attempt.arguments:
            attempt.build()
            await tell(attempt)
    return attempt.outcome


def mourn_sync(attempt: Attempt) -> Outcome:
    """The same in this thread."""
    with contextlib.suppress(Exception), attempt.supplied_here() as attempt.arguments:
        attempt.build()
        tell_sync(attempt)
    return attempt.outcome


async def _guarded(hook: Callable[[Any], Any], attempt: Attempt, *, default: object = None) -> object:
    try:
        return await _heard(hook, attempt.error or WorkerLost())
    except BaseException as error:  # the task boundary, as above
        if _comes_from_outside(error):
            raise
        log.exception("%s of task %s raised", hook.__name__, attempt.lease.message.id)
        return default


def _guarded_sync(hook: Callable[[Any], Any], attempt: Attempt, run: Run, *, default: object = None) -> object:
    """Blocking hooks may use what refuses to work on a thread with a loop, such as Django's models."""
    try:
        return _heard_sync(hook, attempt.error or WorkerLost(), run)
    except BaseException:  # the task boundary, as above
        log.exception("%s of task %s raised", hook.__name__, attempt.lease.message.id)
        return default


async def _heard(hook: Callable[[Any], Any], error: BaseException) -> object:
    """Called inside an `except` block, where a hook's `logger.error(..., exc_info=True)` shows what went wrong."""
    try:
        raise error  # noqa: TRY301
    except BaseException:  # noqa: BLE001 - it is the hook's argument
        answer = hook(error)
        return await answer if inspect.isawaitable(answer) else answer


def _heard_sync(hook: Callable[[Any], Any], error: BaseException, run: Run) -> object:
    async def awaited(answer: Any) -> object:
        return await answer

    try:
        raise error  # noqa: TRY301
    except BaseException:  # noqa: BLE001 - it is the hook's argument
        answer = hook(error)
        return run(awaited(answer)) if inspect.isawaitable(answer) else answer


def _comes_from_outside(error: BaseException) -> bool:
    """A cancellation that somebody asked this task for, or the end of its coroutine; the task's own is an outcome."""
    if isinstance(error, asyncio.CancelledError):
        current = asyncio.current_task()
        return current is not None and current.cancelling() > 0
    return isinstance(error, GeneratorExit)
