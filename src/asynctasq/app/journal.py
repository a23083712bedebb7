"""One log line for each thing that happens to a task, with its facts as fields."""

import logging
import time
from typing import assert_never

from asynctasq.app.attempt import Attempt, Interruption
from asynctasq.app.task_events import TaskEvents
from asynctasq.domain.outcome import Skewed
from asynctasq.domain.verdict import Ack, Bury, Cancel, Reason, Refusal, Release, Retry, Verdict

log = logging.getLogger("asynctasq.worker")

NAMES_LIMIT = 1000
"""Anybody can fill a queue with names of tasks that nobody knows."""


class Journal:
    """Remembers of which tasks it has already said that they are unknown here, to say it once.

    `events`, if there are listeners, hear the same.
    """

    def __init__(self, events: TaskEvents | None = None) -> None:
        self._events = events
        self._skewed: set[str] = set()
        self._blank = vars(logging.makeLogRecord({"name": log.name}))

    def online(self, concurrency: int) -> None:
        if self._events is not None:
            self._events.online(concurrency)

    def offline(self) -> None:
        if self._events is not None:
            self._events.offline()

    def started(self, attempt: Attempt) -> None:
        self._write(logging.DEBUG, attempt, "started")
        if self._events is not None:
            self._events.started(attempt)

    def interrupted(self, attempt: Attempt, interruption: Interruption) -> None:
        text = {
            Interruption.LOST: "lost its lease; this attempt is cancelled and settles nothing",
            Interruption.CANCELLED: "was cancelled",
            Interruption.STOPPED: "stopped, the worker is leaving",
            Interruption.CROWDED_OUT: "finds no child free",
        }[interruption]
        level = logging.WARNING if interruption is Interruption.LOST else logging.INFO
        self._write(level, attempt, text)
        if self._events is not None:
            self._events.interrupted(attempt, interruption)

    def settled(self, attempt: Attempt, verdict: Verdict, refusal: Refusal | None) -> None:
        if refusal is not None:
            self._refused(attempt, verdict, refusal)
            return
        if self._events is not None:
            self._events.settled(attempt, verdict)
        match verdict:
            case Ack():
                self._write(logging.INFO, attempt, "succeeded")
            case Retry(delay_seconds=delay, error=error):
                text = f"failed, again in {delay:.1f} s: {error.kind}: {error.message}"
                self._write(logging.WARNING, attempt, text, error.traceback)
            case Bury(error=error):
                self._write(logging.ERROR, attempt, f"is dead: {error.kind}: {error.message}", error.traceback)
            case Cancel():
                self._write(logging.INFO, attempt, "is cancelled")
            case Release():
                self._released(attempt, verdict)
            case _:
                assert_never(verdict)

    def _refused(self, attempt: Attempt, verdict: Verdict, refusal: Refusal) -> None:
        if refusal.reason is Reason.CANCELLED:
            self.interrupted(attempt, Interruption.CANCELLED)
            return
        if self._events is not None:
            self._events.lost(attempt)
        text = f"its {type(verdict).__name__.lower()} was refused ({refusal.reason.value}): {refusal.text}"
        self._write(logging.WARNING, attempt, text)

    def _released(self, attempt: Attempt, verdict: Release) -> None:
        if verdict.skewed_seconds == 0:
            crowded_out = attempt.interruption is Interruption.CROWDED_OUT
            level = logging.DEBUG if crowded_out else logging.INFO
            self._write(level, attempt, f"given back, due in {verdict.delay_seconds:.1f} s")
            return
        name = attempt.lease.message.task
        if name not in self._skewed and len(self._skewed) < NAMES_LIMIT:
            self._skewed.add(name)
            reason = attempt.outcome.error.message if isinstance(attempt.outcome, Skewed) else ""
            text = "cannot run here, a newer worker may; given back until one takes it"
            self._write(logging.WARNING, attempt, f"{text}: {reason}")

    def _write(self, level: int, attempt: Attempt, text: str, detail: str = "") -> None:
        if not log.isEnabledFor(level):
            return
        message, number = attempt.lease.message, attempt.lease.attempt
        seconds = time.monotonic() - attempt.started_at
        name = message.task or "<unreadable>"
        ending = f"\n{detail}" if detail else ""
        record = self._blank_record()
        fields = vars(record)
        fields["levelno"], fields["levelname"] = level, logging.getLevelName(level)
        fields["msg"] = f"{name} {message.id} attempt {number} ({seconds:.3f} s) {text}{ending}"
        fields["task_id"], fields["task"], fields["queue"] = message.id, message.task, message.queue
        fields["attempt"], fields["duration_seconds"] = number, seconds
        fields["correlation_id"] = message.headers.get("correlation_id")
        log.handle(record)

    def _blank_record(self) -> logging.LogRecord:
        """Made by hand: finding out who logs, and where from, would cost more than the rest of the line."""
        if logging.getLogRecordFactory() is not logging.LogRecord:
            return logging.makeLogRecord({"name": log.name})
        record = logging.LogRecord.__new__(logging.LogRecord)
        record.__dict__ = fields = self._blank.copy()
        now = time.time()
        fields["created"], fields["msecs"] = now, now % 1 * 1000
        fields["relativeCreated"] += (now - self._blank["created"]) * 1000
        return record
