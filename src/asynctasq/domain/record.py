"""What is kept of a task that has succeeded."""

from attrs import field, frozen


@frozen(kw_only=True)
class TaskRecord:
    """Neither arguments nor results. `finished_at` is seconds since the epoch, `dispatched_at` text as in ISO 8601."""

    id: str
    task: str
    queue: str
    attempt: int
    finished_at: float
    duration_seconds: float
    worker: str
    correlation_id: str | None = field(default=None)
    dispatched_at: str | None = field(default=None)
