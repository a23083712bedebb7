"""What happened to a task or a worker, as facts for whoever listens."""

from collections.abc import Mapping
from enum import Enum

from attrs import Factory, field, frozen

Value = str | int | float | None


class EventKind(Enum):
    TASK_ENQUEUED = "task_enqueued"
    TASK_STARTED = "task_started"
    TASK_SUCCEEDED = "task_succeeded"
    TASK_RETRIED = "task_retried"
    TASK_RELEASED = "task_released"
    TASK_DEAD = "task_dead"
    TASK_CANCELLED = "task_cancelled"
    TASK_LOST = "task_lost"
    WORKER_ONLINE = "worker_online"
    WORKER_OFFLINE = "worker_offline"

    @property
    def subject_name(self) -> str:
        """What the subject of such an event is."""
        return "worker" if self in (EventKind.WORKER_ONLINE, EventKind.WORKER_OFFLINE) else "task_id"


@frozen
class Event:
    """`subject` is a message id or a worker's name; `at` is seconds since the epoch; `fields` are plain data."""

    kind: EventKind
    subject: str
    at: float = field(kw_only=True)
    fields: Mapping[str, Value] = field(default=Factory(dict[str, Value]), kw_only=True)

    def plain(self) -> dict[str, Value]:
        """All of it in one mapping, as sinks write it down."""
        return {"event": self.kind.value, self.kind.subject_name: self.subject, "at": self.at, **self.fields}
