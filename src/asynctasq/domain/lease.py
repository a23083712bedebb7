"""The right to run one message for a length of time."""

from typing import Literal

from attrs import define, field, frozen

from asynctasq.domain.message import Message


@frozen
class Defect:
    """Why the bytes of a leased message could not be read: garbage, or written by a newer version."""

    text: str
    kind: Literal["corrupt", "newer"] = "corrupt"


@define
class Lease:
    """`token` fences: a settlement that carries an older one is refused.

    The queue counts: `attempt` is 1 for the first lease and grows with every lease that was not released;
    `failures` counts the attempts that ended in a Retry; `skewed_seconds` is what the last Release said.
    """

    message: Message
    token: str
    attempt: int = field(kw_only=True)
    failures: int = field(default=0, kw_only=True)
    lease_seconds: float = field(default=30.0, kw_only=True)
    skewed_seconds: float = field(default=0.0, kw_only=True)
    defect: Defect | None = field(default=None, kw_only=True)

    @property
    def exhausted(self) -> bool:
        """This lease is one more than the policy allows: the message is buried unrun."""
        return self.attempt > self.message.policy.max_attempts

    @property
    def crashes(self) -> int:
        """Earlier attempts that were neither settled nor given back: their workers died or lost the lease."""
        return self.attempt - 1 - self.failures
