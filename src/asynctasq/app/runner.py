"""From a lease to an outcome, in small steps: find the task, read its arguments, run it, hear its hooks."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from asynctasq.app import headers
from asynctasq.app.attempt import (
    Attempt,
    conclude,
    conclude_sync,
    execute,
    execute_sync,
    mourn,
    mourn_sync,
)
from asynctasq.app.codec import Codec, CorruptBody, NewerBody
from asynctasq.app.definition import Mode, TaskDefinition
from asynctasq.app.imports import Forbidden, Importer, Unknown
from asynctasq.app.in_child import Ticket, conclude_in_child, execute_in_child, mourn_in_child
from asynctasq.domain.errors import TaskTimeout, WorkerLost
from asynctasq.domain.lease import Defect
from asynctasq.domain.outcome import ErrorInfo, Failed, Outcome, Rejected, Skewed, TimedOut, Undecodable
from asynctasq.ports.executor import Call, Executor

HOOK_SECONDS = 60.0

Step = Callable[[Any], Outcome | Awaitable[Outcome]]

EXECUTE: Mapping[Mode, Step] = {
    Mode.LOOP: execute,
    Mode.THREAD: execute_sync,
    Mode.PROCESS: execute_in_child,
    Mode.PROCESS_LOOP: execute_in_child,
}
CONCLUDE: Mapping[Mode, Step] = {
    Mode.LOOP: conclude,
    Mode.THREAD: conclude_sync,
    Mode.PROCESS: conclude_in_child,
    Mode.PROCESS_LOOP: conclude_in_child,
}
MOURN: Mapping[Mode, Step] = {
    Mode.LOOP: mourn,
    Mode.THREAD: mourn_sync,
    Mode.PROCESS: mourn_in_child,
    Mode.PROCESS_LOOP: mourn_in_child,
}


class Runner:
    """Knows no queue: what becomes of the message is decided by the outcome alone."""

    def __init__(
        self, importer: Importer, codec: Codec, executors: Mapping[Mode, Executor], *, skew_seconds: float
    ) -> None:
        self._importer = importer
        self._codec = codec
        self._executors = executors
        self._skew_seconds = skew_seconds

    async def open(self) -> None:
        for executor in self._executors.values():  # a handful, once
            await executor.open()

    async def close(self) -> None:
        for executor in self._executors.values():
            await executor.close()

    async def run(self, attempt: Attempt) -> Outcome:
        """Run the attempt to its end, hooks included. Only a cancellation of the calling task gets out."""
        ready = self.read(attempt)
        if not isinstance(ready, TaskDefinition):
            return ready
        attempt.call = _call(EXECUTE[ready.mode], attempt, ready.mode, attempt.timeout_seconds)
        outcome = await self._executors[ready.mode].run(attempt.call)
        if isinstance(outcome, Failed | TimedOut | Rejected):
            return await self._conclude(attempt, ready, outcome)
        return outcome

    async def vacated(self, attempt: Attempt) -> None:
        """Return once nothing of the attempt runs any more: a thread may outlive it."""
        if attempt.call is not None and attempt.mode is not None:
            await self._executors[attempt.mode].vacated(attempt.call)

    async def mourn(self, attempt: Attempt, reason: str) -> None:
        """Call `failed(WorkerLost(...))` of a task whose last attempt died with its worker."""
        ready = self.read(attempt)
        if isinstance(ready, TaskDefinition):
            attempt.error = WorkerLost(reason)
            attempt.outcome = Rejected(ErrorInfo.of(attempt.error))
            limit = attempt.timeout_seconds or HOOK_SECONDS
            await self._executors[ready.mode].run(_call(MOURN[ready.mode], attempt, ready.mode, limit))

    def read(self, attempt: Attempt, *, in_child: bool = False) -> TaskDefinition | Outcome:
        """Find the task and, where it is to run, its arguments; or the outcome that their absence means."""
        lease = attempt.lease
        if lease.defect is not None:
            return self._defective(lease.defect)
        try:
            definition = self._importer.find(lease.message.task)
            if definition.mode.in_child is in_child:
                attempt.arguments = self._codec.decode(lease.message.body)
            attempt.timeout_seconds = _timeout_of(attempt)
        except Forbidden as error:
            return Undecodable(ErrorInfo("Forbidden", str(error)))
        except CorruptBody as error:
            return Undecodable(ErrorInfo("CorruptBody", str(error)))
        except Unknown as error:
            return self._skewed("UnknownTask", str(error))
        except NewerBody as error:
            return self._skewed("NewerBody", str(error))
        if definition.mode not in self._executors:
            return self._skewed("NoExecutor", f"this worker runs no {definition.mode.value} tasks")
        attempt.mode, attempt.definition = definition.mode, definition
        attempt.skew_seconds = self._skew_seconds
        return definition

    async def _conclude(
        self, attempt: Attempt, definition: TaskDefinition, outcome: Failed | TimedOut | Rejected
    ) -> Outcome:
        if attempt.interruption is not None:
            return outcome
        attempt.outcome = outcome
        if isinstance(outcome, TimedOut):
            attempt.error = TaskTimeout(outcome.error.message)
        limit = attempt.timeout_seconds or HOOK_SECONDS
        call = _call(CONCLUDE[definition.mode], attempt, definition.mode, limit)
        heard = await self._executors[definition.mode].run(call)
        # What speaks of another error says that the hooks did not get to their end.
        of_this = isinstance(heard, Failed | TimedOut | Rejected) and heard.error == outcome.error
        return heard if of_this else attempt.outcome

    def _defective(self, defect: Defect) -> Outcome:
        if defect.kind == "newer":
            return self._skewed("NewerHeader", defect.text)
        return Undecodable(ErrorInfo("CorruptHeader", defect.text))

    def _skewed(self, kind: str, text: str) -> Skewed:
        return Skewed(ErrorInfo(kind, text), self._skew_seconds)


def _call(step: Step, attempt: Attempt, mode: Mode, seconds: float | None) -> Call:
    return Call(step, Ticket.of(attempt) if mode.in_child else attempt, timeout_seconds=seconds)


def _timeout_of(attempt: Attempt) -> float | None:
    try:
        return headers.seconds(attempt.lease.message, "timeout")
    except ValueError:
        raise CorruptBody("the timeout in the header is no number") from None
