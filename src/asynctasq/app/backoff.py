"""How long to wait before asking a broker again that gave no answer."""

import random

from attrs import define

FIRST_SECONDS = 0.1
CAP_SECONDS = 5.0


@define
class Backoff:
    """Doubling waits with full jitter in their upper half; `reset` after an answer."""

    failure_count: int = 0

    def next_seconds(self) -> float:
        grown = min(CAP_SECONDS, FIRST_SECONDS * 2 ** min(self.failure_count, 10))
        self.failure_count += 1
        return grown * random.uniform(0.5, 1.0)

    def reset(self) -> None:
        self.failure_count = 0
