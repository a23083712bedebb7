"""What an operator sees: counts and messages, read-only."""

from collections.abc import Sequence

from attrs import field, frozen

from asynctasq.domain.lifecycle import State
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import ErrorInfo


@frozen
class QueueStats:
    """Messages of one queue by state; None where the driver cannot know. `scheduled` holds delayed and retrying."""

    name: str
    pending: int | None = field(default=None, kw_only=True)
    scheduled: int | None = field(default=None, kw_only=True)
    running: int | None = field(default=None, kw_only=True)
    dead: int | None = field(default=None, kw_only=True)


@frozen
class MessageView:
    """One message as it stands. `worker` is the last one that leased it, `error` its last failure.

    `due_in_seconds` is how long a scheduled message still waits or a running one's lease still lasts.
    """

    message: Message
    state: State
    attempt: int = field(kw_only=True)
    failures: int = field(default=0, kw_only=True)
    due_in_seconds: float | None = field(default=None, kw_only=True)
    worker: str | None = field(default=None, kw_only=True)
    error: ErrorInfo | None = field(default=None, kw_only=True)


@frozen
class Page:
    """Some messages, oldest first; pass `after` on to get the next ones, None means there are none."""

    messages: Sequence[MessageView]
    after: str | None = None
