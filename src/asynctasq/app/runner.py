"""From a lease to an outcome, in small steps: find the task, read its arguments, run it, hear its hooks."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from asynctasq.app import headers
from asynctasq.app.attempt import (
    Attempt,
    ask,
    ask_sync,
    execute,
    execute_sync,
    mourn,
    mourn_sync,
    tell,
    tell_sync,
)
from asynctasq.app.codec import Codec, CorruptBody, NewerBody
from asynctasq.app.context import Flag
from asynctasq.app.definition import Mode, TaskDefinition
from asynctasq.app.imports import Forbidden, Importer, Unknown
from asynctasq.app.in_child import Ticket, ask_in_child, execute_in_child, tell_in_child
from asynctasq.app.references import Arguments, Models, waiting_on
from asynctasq.app.signing import Verify
from asynctasq.domain.errors import TaskTimeout, WorkerLost
from asynctasq.domain.lease import Defect
from asynctasq.domain.outcome import (
    ErrorInfo,
    Failed,
    Interrupted,
    Outcome,
    Rejected,
    Skewed,
    Succeeded,
    TimedOut,
    Undecodable,
)
from asynctasq.ports.executor import Call, Executor
from asynctasq.ports.models import Loaded

HOOK_SECONDS = 60.0

Step = Callable[[Any], Outcome | Awaitable[Outcome]]

EXECUTE: Mapping[Mode, Step] = {
    Mode.LOOP: execute,
    Mode.THREAD: execute_sync,
    Mode.PROCESS: execute_in_child,
    Mode.PROCESS_LOOP: execute_in_child,
}
ASK: Mapping[Mode, Step] = {
    Mode.LOOP: ask,
    Mode.THREAD: ask_sync,
    Mode.PROCESS: ask_in_child,
    Mode.PROCESS_LOOP: ask_in_child,
}
TELL: Mapping[Mode, Step] = {
    Mode.LOOP: tell,
    Mode.THREAD: tell_sync,
    Mode.PROCESS: tell_in_child,
    Mode.PROCESS_LOOP: tell_in_child,
}
MOURN: Mapping[Mode, Step] = {
    Mode.LOOP: mourn,
    Mode.THREAD: mourn_sync,
    Mode.PROCESS: tell_in_child,
    Mode.PROCESS_LOOP: tell_in_child,
}


class Runner:
    """Knows no queue: what becomes of the message is decided by the outcome alone."""

    def __init__(
        self,
        importer: Importer,
        codec: Codec,
        executors: Mapping[Mode, Executor],
        models: Models | None = None,
        *,
        skew_seconds: float,
        verify: Verify | None = None,
    ) -> None:
        self._importer = importer
        self._codec = codec
        self._models = models or Models()
        self._executors = executors
        self._skew_seconds = skew_seconds
        self._verify = verify

    async def open(self) -> None:
        for executor in self._executors.values():  # a handful, once
            await executor.open()

    async def close(self) -> None:
        for executor in self._executors.values():
            await executor.close()
        await self._models.close()

    def in_child(self, task: str) -> bool:
        """Whether it is known already that this task runs in a child process. Any thread may ask."""
        definition = self._importer.known(task)
        return definition is not None and definition.mode.in_child

    async def run(self, attempt: Attempt) -> Outcome:
        """Run what has been read to its end, hooks included. Only a cancellation of the calling task gets out."""
        outcome = await self._step(EXECUTE, attempt, attempt.timeout_seconds)
        outcome = attempt.outcome = self._execution(attempt, outcome)
        if isinstance(outcome, Succeeded):
            return outcome
        # Two steps, not one: an answer stands, whatever becomes of the telling.
        if attempt.asks and attempt.interruption is None:
            await self._ask(attempt)
        if attempt.final and attempt.interruption is None:
            await self._step(TELL, attempt, _hook_seconds(attempt))
        return attempt.outcome

    async def vacated(self, attempt: Attempt) -> None:
        """Return once nothing of the attempt runs any more: a thread may outlive it."""
        for call in attempt.calls:  # three at most
            await self._executors[attempt.definition.mode].vacated(call)

    async def mourn(self, attempt: Attempt, reason: str) -> None:
        """Call `failed(WorkerLost(...))` of a task whose last attempt died with its worker."""
        if isinstance(self.read(attempt), TaskDefinition):
            attempt.error = WorkerLost(reason)
            attempt.outcome = Rejected(ErrorInfo.of(attempt.error))
            await self._step(MOURN, attempt, _hook_seconds(attempt))

    def read(self, attempt: Attempt, *, in_child: bool = False) -> TaskDefinition | Outcome:
        """Find the task and, where it is to run, its arguments; or the outcome that their absence means."""
        lease = attempt.lease
        if lease.defect is not None:
            return self._defective(lease.defect)
        # Before anything is imported or decoded. A child gets only what its parent has verified, and from nobody else.
        if self._verify is not None and not in_child and (flaw := self._verify(lease.message)):
            return Undecodable(flaw)
        try:
            definition = self._importer.find(lease.message.task)
            if definition.mode.in_child is in_child:
                self._read_arguments(attempt)
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

    def _read_arguments(self, attempt: Attempt) -> None:
        """Only those with models among them are read later, once these are there."""
        message = attempt.lease.message
        references = self._codec.references(message.body)
        if references:
            read = partial(self._codec.decode, message.body)
        else:
            attempt.arguments = self._codec.decode(message.body)
            if not self._models.surround_every_task:
                return
            read = partial(_as_they_are, attempt.arguments)
        attempt.loading = self._models.loading(references, read, message, attempt.lease.attempt)

    def _execution(self, attempt: Attempt, outcome: Outcome) -> Outcome:
        """What the outcome of `execute` comes to: one that was told to stop has not succeeded, however it ended."""
        flag = attempt.flag
        if isinstance(outcome, Succeeded) and not flag.seen:
            return outcome
        attempt.flag = Flag()  # whoever was told to stop is past its time, its hooks are not
        if isinstance(outcome, TimedOut):
            flag.raised = True
            attempt.error = TaskTimeout(outcome.error.message)
        elif flag.seen and isinstance(outcome, Succeeded | Failed):
            return Interrupted()
        return outcome

    async def _ask(self, attempt: Attempt) -> None:
        heard = await self._step(ASK, attempt, _hook_seconds(attempt))
        # From another process only the answer comes back; what speaks of another error is none.
        match attempt.outcome, heard:
            case (Failed(error) | TimedOut(error), Failed(other) | TimedOut(other)) if error == other:
                attempt.outcome = heard
            case _:
                pass

    def _step(self, steps: Mapping[Mode, Step], attempt: Attempt, seconds: float | None) -> Awaitable[Outcome]:
        mode = attempt.definition.mode
        if attempt.loading is not None and not mode.in_child:
            attempt.wait = waiting_on(asyncio.get_running_loop())
        call = Call(steps[mode], Ticket.of(attempt) if mode.in_child else attempt, timeout_seconds=seconds)
        attempt.calls += (call,)
        return self._executors[mode].run(call)

    def _defective(self, defect: Defect) -> Outcome:
        if defect.kind == "newer":
            return self._skewed("NewerHeader", defect.text)
        return Undecodable(ErrorInfo("CorruptHeader", defect.text))

    def _skewed(self, kind: str, text: str) -> Skewed:
        return Skewed(ErrorInfo(kind, text), self._skew_seconds)


def _as_they_are(arguments: Arguments, _: Loaded) -> Arguments:
    return arguments


def _hook_seconds(attempt: Attempt) -> float:
    return attempt.timeout_seconds or HOOK_SECONDS


def _timeout_of(attempt: Attempt) -> float | None:
    try:
        return headers.seconds(attempt.lease.message, "timeout")
    except ValueError:
        raise CorruptBody("the timeout in the header is no number") from None
