"""A lease with what SQS must be told to end it."""

from enum import Enum, auto

from attrs import define, field

from asynctasq.adapters.sqs.envelope import Facts
from asynctasq.domain.lease import Lease


class Progress(Enum):
    """How far a settlement has come; repeating it goes on from there."""

    HELD = auto()
    COPIED = auto()
    GONE = auto()
    OVER = auto()
    """Gone, and whoever settled it has been told."""


@define
class SqsLease(Lease):
    """Its token is the receipt of one delivery.

    SQS deletes a message on an old receipt without a word, so it cannot fence. We do: a lease ends at `ends_at` on
    this process's monotonic clock, and past it nothing is sent. That travels with the lease, whichever client of the
    process settles it (ADR-0018).
    """

    url: str = field(kw_only=True)
    text: str = field(kw_only=True)
    facts: Facts = field(kw_only=True)
    starts: int = field(kw_only=True)
    """How often it may have been started, this time included: `attempt`, but for a last attempt that is given again."""
    owner: str = field(kw_only=True)
    leased_at: float = field(kw_only=True)
    ends_at: float = field(kw_only=True)
    progress: Progress = field(default=Progress.HELD, kw_only=True)

    def is_live(self, now: float) -> bool:
        return self.progress is not Progress.OVER and now < self.ends_at

    def end(self) -> None:
        self.ends_at = self.leased_at
