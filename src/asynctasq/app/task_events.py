"""What happens to tasks and workers as events: ids, names, lengths and errors, never arguments."""

import time
from typing import assert_never

from attrs import define

from asynctasq.app.attempt import Attempt, Interruption
from asynctasq.app.events import Events
from asynctasq.app.ids import made_at
from asynctasq.domain.events import Event, EventKind, Value
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Ack, Bury, Cancel, Release, Retry, Verdict

LONGEST_TEXT = 1000


def enqueued(message: Message) -> Event:
    """Its queue has confirmed it."""
    fields = _of_message(message)
    fields["delay_seconds"] = message.delay_seconds
    return Event(EventKind.TASK_ENQUEUED, message.id, at=time.time(), fields=fields)


@define(eq=False)
class TaskEvents:
    """What one worker has to tell."""

    events: Events
    worker: str

    def online(self, concurrency: int) -> None:
        self._emit(EventKind.WORKER_ONLINE, self.worker, {"concurrency": concurrency})

    def offline(self) -> None:
        self._emit(EventKind.WORKER_OFFLINE, self.worker, {})

    def started(self, attempt: Attempt) -> None:
        self._tell(EventKind.TASK_STARTED, attempt)

    def interrupted(self, attempt: Attempt, interruption: Interruption) -> None:
        # Otherwise it is given back, which is told once it is done.
        if interruption is Interruption.LOST:
            self.lost(attempt)
        elif interruption is Interruption.CANCELLED:
            self._tell(EventKind.TASK_CANCELLED, attempt)

    def lost(self, attempt: Attempt) -> None:
        self._tell(EventKind.TASK_LOST, attempt)

    def settled(self, attempt: Attempt, verdict: Verdict) -> None:
        match verdict:
            case Ack():
                self._tell(EventKind.TASK_SUCCEEDED, attempt)
            case Retry(delay_seconds=delay_seconds, error=error):
                self._tell(EventKind.TASK_RETRIED, attempt, error, delay_seconds)
            case Bury(error=error):
                self._tell(EventKind.TASK_DEAD, attempt, error)
            case Cancel():
                self._tell(EventKind.TASK_CANCELLED, attempt)
            case Release(delay_seconds=delay_seconds):
                self._tell(EventKind.TASK_RELEASED, attempt, None, delay_seconds)
            case _:
                assert_never(verdict)

    def _tell(
        self, kind: EventKind, attempt: Attempt, error: ErrorInfo | None = None, delay_seconds: float | None = None
    ) -> None:
        fields = _of_message(attempt.lease.message)
        fields["attempt"] = attempt.lease.attempt
        fields["worker"] = self.worker
        if kind is not EventKind.TASK_STARTED:
            fields["duration_seconds"] = time.monotonic() - attempt.started_at
        if delay_seconds is not None:
            fields["delay_seconds"] = delay_seconds
        if error is not None:
            fields["error_kind"], fields["error_message"] = error.kind, error.message[:LONGEST_TEXT]
        self._emit(kind, attempt.lease.message.id, fields)

    def _emit(self, kind: EventKind, subject: str, fields: dict[str, Value]) -> None:
        self.events.emit(Event(kind, subject, at=time.time(), fields=fields))


def _of_message(message: Message) -> dict[str, Value]:
    fields: dict[str, Value] = {"task": message.task, "queue": message.queue}
    if "correlation_id" in message.headers:
        fields["correlation_id"] = message.headers["correlation_id"]
    if at := made_at(message.id):
        fields["dispatched_at"] = at.isoformat()
    return fields
