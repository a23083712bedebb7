"""One message, for machines and for people."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import asdict

from asynctasq.app.ids import made_at
from asynctasq.cli.output import say
from asynctasq.domain.lifecycle import State
from asynctasq.domain.record import TaskRecord
from asynctasq.domain.views import MessageView


def as_json(view: MessageView) -> dict[str, Any]:
    """What is known of a message but its arguments, which may be secret."""
    message = view.message
    at = made_at(message.id)
    return {
        "id": message.id,
        "task": message.task,
        "queue": message.queue,
        "state": view.state.value,
        "attempts": view.attempt,
        "max_attempts": message.policy.max_attempts,
        "due_in_seconds": view.due_in_seconds,
        "dispatched_at": at.isoformat() if at else None,
        "correlation_id": message.headers.get("correlation_id"),
        "worker": view.worker,
        "error": asdict(view.error) if view.error else None,
    }


def of_record(record: TaskRecord) -> dict[str, Any]:
    """What is kept of a task that has succeeded."""
    return {
        "id": record.id,
        "task": record.task,
        "queue": record.queue,
        "state": State.SUCCEEDED.value,
        "attempts": record.attempt,
        "dispatched_at": record.dispatched_at,
        "finished_at": datetime.fromtimestamp(record.finished_at, UTC).isoformat(),
        "duration_seconds": record.duration_seconds,
        "correlation_id": record.correlation_id,
        "worker": record.worker,
        "error": None,
    }


def show(view: MessageView) -> None:
    """Everything that is known of a message."""
    show_facts(as_json(view))


def show_facts(facts: Mapping[str, Any]) -> None:
    """One fact a line, then the traceback."""
    error = facts["error"]
    lines = {**facts, "error": _line(error["kind"], error["message"]) if error else None}
    for name, value in lines.items():
        if value is not None:
            say(f"{name.replace('_', ' '):<15} {value}")
    if error and error["traceback"]:
        say(f"\n{error['traceback'].rstrip()}")


def reason(view: MessageView) -> str:
    """Its last error in one line."""
    return _line(view.error.kind, view.error.message) if view.error else ""


def _line(kind: str, message: str) -> str:
    return " ".join(f"{kind}: {message}".split())
