"""One message, for machines and for people."""

from typing import Any

from attrs import asdict

from asynctasq.cli.output import say
from asynctasq.domain.views import MessageView


def as_json(view: MessageView) -> dict[str, Any]:
    """What is known of a message but its arguments, which may be secret."""
    message = view.message
    return {
        "id": message.id,
        "task": message.task,
        "queue": message.queue,
        "state": view.state.value,
        "attempts": view.attempt,
        "max_attempts": message.policy.max_attempts,
        "due_in_seconds": view.due_in_seconds,
        "dispatched_at": message.headers.get("dispatched_at"),
        "correlation_id": message.headers.get("correlation_id"),
        "worker": view.worker,
        "error": asdict(view.error) if view.error else None,
    }


def show(view: MessageView) -> None:
    """Everything that is known, one fact a line, then the traceback."""
    facts = as_json(view)
    error = facts.pop("error")
    if error:
        facts["error"] = reason(view)
    for name, value in facts.items():
        if value is not None:
            say(f"{name.replace('_', ' '):<15} {value}")
    if error and error["traceback"]:
        say(f"\n{error['traceback'].rstrip()}")


def reason(view: MessageView) -> str:
    """Its last error in one line."""
    return " ".join(f"{view.error.kind}: {view.error.message}".split()) if view.error else ""
