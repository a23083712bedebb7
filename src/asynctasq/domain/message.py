"""What lies on a queue: a header that may be rewritten and a body that never is."""

from collections.abc import Mapping

from attrs import Factory, define, field, frozen

from asynctasq.domain.retry import RetryPolicy


@define
class Message:
    """One task to run. `body` is opaque to every queue; `headers` are strings and come back as they went.

    `delay_seconds` counts from the moment the queue accepts the message, on the queue's clock.
    Where the queue has priorities, a higher `priority` is leased first.
    """

    id: str
    queue: str
    task: str = field(kw_only=True)
    body: bytes = field(kw_only=True)
    headers: Mapping[str, str] = field(default=Factory(dict[str, str]), kw_only=True)
    delay_seconds: float = field(default=0.0, kw_only=True)
    policy: RetryPolicy = field(default=RetryPolicy(), kw_only=True)
    priority: int = field(default=0, kw_only=True)


@frozen
class IdempotencyKey:
    """Which call of which sender this is: a call that is repeated bears the key that it bore at first.

    A sender, whose name nobody else ever bears, makes one call after the other, each under a number of its own. So a
    queue needs to remember one number for each sender (as Kafka does for its idempotent producers, KIP-98).
    """

    sender: str
    number: int

    def part(self, at: int) -> "IdempotencyKey":
        """For a part of the call that the queue takes in a step of its own."""
        return IdempotencyKey(f"{self.sender}/{at}", self.number)
