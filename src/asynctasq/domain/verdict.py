"""What becomes of a leased message, and what a queue answers when it will not do it."""

from enum import Enum

from attrs import define, field, frozen

from asynctasq.domain.lease import Lease
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import ErrorInfo


@frozen
class Enqueue:
    """An effect: this message joins its queue in the same step as the settlement that carries it."""

    message: Message


Effect = Enqueue


@define
class Ack:
    """Done: the message leaves the queue."""

    lease: Lease
    effects: tuple[Effect, ...] = field(default=(), kw_only=True)


@define
class Retry:
    """This attempt failed: run again after `delay_seconds`."""

    lease: Lease
    delay_seconds: float = field(kw_only=True)
    error: ErrorInfo = field(kw_only=True)
    effects: tuple[Effect, ...] = field(default=(), kw_only=True)


@define
class Bury:
    """Keep the message with its reason among the dead letters, out of sight of `lease`."""

    lease: Lease
    error: ErrorInfo = field(kw_only=True)
    effects: tuple[Effect, ...] = field(default=(), kw_only=True)


@define
class Cancel:
    """Keep the message among the cancelled, out of sight of `lease`."""

    lease: Lease
    effects: tuple[Effect, ...] = field(default=(), kw_only=True)


@define
class Release:
    """Give the message back, attempt included.

    `skewed_seconds` is stored and comes back with the next lease: how long it has been given back in all
    because no worker knew its task.
    """

    lease: Lease
    delay_seconds: float = field(default=0.0, kw_only=True)
    skewed_seconds: float = field(default=0.0, kw_only=True)


Verdict = Ack | Retry | Bury | Cancel | Release


class Reason(Enum):
    LOST = "lost"
    CANCELLED = "cancelled"
    DUPLICATE = "duplicate"
    TOO_LARGE = "too large"
    INVALID = "invalid"


@frozen
class Refusal:
    """What a queue did not do. `id` is the message's, `token` the lease's ("" for an enqueue)."""

    id: str
    token: str
    reason: Reason
    text: str = ""
