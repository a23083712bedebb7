"""What happened to a task or a worker, as facts for whoever listens."""

from collections.abc import Mapping
from enum import Enum

from attrs import Factory, field, frozen


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


@frozen
class Event:
    """`subject` is a message id or a worker's name; `at` is seconds since the epoch; `fields` are plain data."""

    kind: EventKind
    subject: str
    at: float = field(kw_only=True)
    fields: Mapping[str, str | int | float | None] = field(
        default=Factory(dict[str, "str | int | float | None"]), kw_only=True
    )
