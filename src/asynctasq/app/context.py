"""Which task the current code belongs to, on the loop as in threads, and on the log records it makes."""

import logging
from contextvars import ContextVar, Token

from attrs import define

from asynctasq.domain.message import Message


@define
class TaskContext:
    """The attempt that is running; `name` is the task's `module:qualname`."""

    id: str
    name: str
    queue: str
    attempt: int
    correlation_id: str | None


current: ContextVar[TaskContext | None] = ContextVar("asynctasq_task", default=None)


def enter(message: Message, attempt: int) -> Token[TaskContext | None]:
    """From here on, this context belongs to an attempt at `message`."""
    correlation_id = message.headers.get("correlation_id")
    return current.set(TaskContext(message.id, message.task, message.queue, attempt, correlation_id))


class TaskFields(logging.Filter):
    """Put on a handler, gives every record `task_id` and `correlation_id`, None outside of a task."""

    def filter(self, record: logging.LogRecord) -> bool:
        task = current.get()
        fields = vars(record)
        fields.setdefault("task_id", task.id if task else None)
        fields.setdefault("correlation_id", task.correlation_id if task else None)
        return True
