"""Which task the current code belongs to, on the loop as in threads, and on the log records it makes."""

import logging
from contextvars import ContextVar, Token

from attrs import define, field

from asynctasq.domain.message import Message


@define(eq=False)
class Flag:
    """How code that nobody can stop is told to: `raised` by its worker, `seen` once the task has looked at it."""

    raised: bool = False
    seen: bool = False


@define
class TaskContext:
    """The attempt that is running; `name` is the task's `module:qualname`."""

    id: str
    name: str
    queue: str
    attempt: int
    correlation_id: str | None
    flag: Flag = field(factory=Flag, eq=False, repr=False)


current: ContextVar[TaskContext | None] = ContextVar("asynctasq_task", default=None)


def cancelled() -> bool:
    """Whether the task that asks is to stop: somebody cancelled it, its time is over, or its worker leaves.

    For sync tasks, which nobody can stop from outside. One that has been told so has not succeeded, however it ends.
    """
    task = current.get()
    if task is None or not task.flag.raised:
        return False
    task.flag.seen = True
    return True


def enter(message: Message, attempt: int, flag: Flag | None = None) -> Token[TaskContext | None]:
    """From here on, this context belongs to an attempt at `message`."""
    correlation_id = message.headers.get("correlation_id")
    return current.set(TaskContext(message.id, message.task, message.queue, attempt, correlation_id, flag or Flag()))


class TaskFields(logging.Filter):
    """Put on a handler, gives every record `task_id` and `correlation_id`, None outside of a task."""

    def filter(self, record: logging.LogRecord) -> bool:
        fields = vars(record)
        if "task_id" not in fields or "correlation_id" not in fields:  # what a worker says of a task has both
            task = current.get()
            fields.setdefault("task_id", task.id if task else None)
            fields.setdefault("correlation_id", task.correlation_id if task else None)
        return True
