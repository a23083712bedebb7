"""How long to wait between attempts, and how many there are."""

import math
from collections.abc import Callable

from attrs import field, frozen, validators

Rng = Callable[[], float]
"""A source of numbers in [0, 1), as `random.random` is."""


@frozen(cache_hash=True)  # asked for its hash by every dispatch: remembered headers are looked up by it
class RetryPolicy:
    """`delay_seconds` grows by `factor` per attempt up to `cap_seconds`, then is spread by `jitter`.

    `jitter` is a share of the delay: 0.1 adds up to a tenth, -1 takes away up to all of it ("full jitter",
    after Marc Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015).
    `max_attempts` counts every execution, the first included; 0 means 1.
    """

    max_attempts: int = field(default=3, converter=lambda n: 1 if n == 0 else n, validator=validators.ge(1))
    delay_seconds: float = field(default=60.0, kw_only=True, validator=validators.ge(0))
    factor: float = field(default=1.0, kw_only=True, validator=validators.ge(1))
    cap_seconds: float | None = field(default=None, kw_only=True, validator=validators.optional(validators.ge(0)))
    jitter: float = field(default=0.1, kw_only=True, validator=validators.ge(-1))

    @classmethod
    def exponential(cls, max_attempts: int, *, delay_seconds: float) -> "RetryPolicy":
        return cls(max_attempts, delay_seconds=delay_seconds, factor=2.0, cap_seconds=3600.0, jitter=-1.0)

    def allows_another(self, attempt: int) -> bool:
        """Whether attempt number `attempt` may be followed by one more."""
        return attempt < self.max_attempts

    def delay_after(self, attempt: int, rng: Rng) -> float:
        """Seconds between the end of attempt number `attempt` (1-based) and the next."""
        try:
            grown = self.delay_seconds * self.factor ** (attempt - 1)
        except OverflowError:
            grown = math.inf if self.delay_seconds else 0.0
        capped = grown if self.cap_seconds is None else min(grown, self.cap_seconds)
        return capped * (1.0 + self.jitter * rng())
