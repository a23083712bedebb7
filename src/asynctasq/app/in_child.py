"""What a worker's child processes run: the same steps as elsewhere, with plain data going in and coming out."""

import asyncio
import contextvars
from collections.abc import Coroutine
from functools import cache
from typing import TYPE_CHECKING, Any

from attrs import frozen

from asynctasq.app import current
from asynctasq.app.attempt import SUCCEEDED, Attempt, conclude, execute, execute_sync, mourn
from asynctasq.app.definition import Mode, TaskDefinition
from asynctasq.app.loops import new_event_loop
from asynctasq.domain.errors import AsyncTasQError, WorkerLost
from asynctasq.domain.lease import Lease
from asynctasq.domain.outcome import Failed, Outcome, Rejected

if TYPE_CHECKING:
    from asynctasq.app.runner import Runner


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
        _failed[attempt.lease.token] = attempt
    return outcome


def conclude_in_child(ticket: Ticket) -> Outcome:
    """Call the hooks, where the task failed or, if that child is gone, on a task built anew."""
    attempt = _failed.pop(ticket.lease.token, None)
    return mourn_in_child(ticket) if attempt is None else _on_loop(conclude(attempt))


def mourn_in_child(ticket: Ticket) -> Outcome:
    """Build a task that does not run here, only to tell it what became of it."""
    attempt = Attempt(ticket.lease, outcome=ticket.outcome)
    attempt.error = ticket.error or _loss(ticket.outcome)
    return _on_loop(mourn(attempt)) if isinstance(_read(attempt), TaskDefinition) else ticket.outcome


def _read(attempt: Attempt) -> TaskDefinition | Outcome:
    # The application is the one that was pinned when this process began, with the worker's settings.
    return _runner().read(attempt, in_child=True)


@cache
def _runner() -> "Runner":
    return current.application().runner()


@cache
def _loop() -> asyncio.Runner:
    """It stays warm: what tasks have opened on it, the next ones find there."""
    return asyncio.Runner(loop_factory=new_event_loop)


def _on_loop(step: Coroutine[Any, Any, Outcome]) -> Outcome:
    return _loop().run(step, context=contextvars.copy_context())


def _loss(outcome: Outcome) -> WorkerLost:
    return WorkerLost(outcome.error.message if isinstance(outcome, Failed) else "")
