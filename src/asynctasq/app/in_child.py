"""What a worker's child processes run: the same steps as elsewhere, with plain data going in and coming out."""

import asyncio
import contextlib
import contextvars
from collections.abc import Callable, Coroutine
from functools import cache
from typing import TYPE_CHECKING, Any

from attrs import frozen

from asynctasq.app import current
from asynctasq.app.attempt import SUCCEEDED, Attempt, Run, ask, ask_sync, execute, execute_sync, tell, tell_sync
from asynctasq.app.definition import Mode, TaskDefinition
from asynctasq.app.loops import new_event_loop
from asynctasq.domain.errors import AsyncTasQError, WorkerLost
from asynctasq.domain.lease import Lease
from asynctasq.domain.outcome import Failed, Outcome, Rejected

if TYPE_CHECKING:
    from asynctasq.app.runner import Runner

Hook = Callable[[Attempt], Coroutine[Any, Any, Outcome]]
SyncHook = Callable[[Attempt, Run], Outcome]


@frozen
class Ticket:
    """An attempt as it goes to a child. `error` is one of our own: an exception of the user's need not pickle."""

    lease: Lease
    outcome: Outcome = SUCCEEDED
    error: AsyncTasQError | None = None

    @classmethod
    def of(cls, attempt: Attempt) -> "Ticket":
        error = attempt.error if isinstance(attempt.error, AsyncTasQError) else None
        return cls(attempt.lease, attempt.outcome, error)


_failed: dict[str, Attempt] = {}
"""The attempt that failed last in this process, by its token: its hooks get that task and that exception."""


def execute_in_child(ticket: Ticket) -> Outcome:
    """Read the message, build the task and run it."""
    _failed.clear()
    attempt = Attempt(ticket.lease)
    ready = _read(attempt)
    if not isinstance(ready, TaskDefinition):
        return ready
    outcome = _on_loop(execute(attempt)) if ready.mode is Mode.PROCESS_LOOP else execute_sync(attempt)
    if isinstance(outcome, Failed | Rejected):
        attempt.outcome = outcome
        _keep(attempt)
    return outcome


def ask_in_child(ticket: Ticket) -> Outcome:
    """Call `should_retry`, where the task failed or, if that child is gone, on a task built anew."""
    return _speak(ask, ask_sync, ticket)


def tell_in_child(ticket: Ticket) -> Outcome:
    """Call `failed`, in the same way."""
    return _speak(tell, tell_sync, ticket)


def _speak(hook: Hook, sync_hook: SyncHook, ticket: Ticket) -> Outcome:
    attempt = _failed.get(ticket.lease.token)
    if attempt is not None:
        on_loop = attempt.definition.mode is Mode.PROCESS_LOOP
        return _on_loop(hook(attempt)) if on_loop else sync_hook(attempt, _on_loop)
    attempt = Attempt(ticket.lease)
    attempt.outcome, attempt.error = ticket.outcome, ticket.error or _loss(ticket.outcome)
    if not isinstance(_read(attempt), TaskDefinition):
        return ticket.outcome
    _keep(attempt)
    if attempt.definition.mode is Mode.PROCESS_LOOP:
        return _on_loop(_built_anew(hook, attempt))
    return _built_anew_sync(sync_hook, attempt)


async def _built_anew(hook: Hook, attempt: Attempt) -> Outcome:
    with contextlib.suppress(Exception):  # a task that cannot even be built is neither asked nor told
        async with attempt.supplied() as attempt.arguments:
            attempt.build()
            return await hook(attempt)
    return attempt.outcome


def _built_anew_sync(hook: SyncHook, attempt: Attempt) -> Outcome:
    with contextlib.suppress(Exception), attempt.supplied_here() as attempt.arguments:
        attempt.build()
        return hook(attempt, _on_loop)
    return attempt.outcome


def _keep(attempt: Attempt) -> None:
    _failed.clear()
    _failed[attempt.lease.token] = attempt


def _read(attempt: Attempt) -> TaskDefinition | Outcome:
    attempt.wait = _on_loop
    # The application is the one that was pinned when this process began, with the worker's settings.
    return _runner().read(attempt, in_child=True)


@cache
def _runner() -> "Runner":
    return current.application().runner()


@cache
def _loop() -> asyncio.Runner:
    """It stays warm: what tasks have opened on it, the next ones find there."""
    return asyncio.Runner(loop_factory=new_event_loop)


def _on_loop(step: Coroutine[Any, Any, Any]) -> Any:
    return _loop().run(step, context=contextvars.copy_context())


def _loss(outcome: Outcome) -> WorkerLost:
    return WorkerLost(outcome.error.message if isinstance(outcome, Failed) else "")
