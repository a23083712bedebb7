"""Workers are killed and frozen at the same time, while tasks succeed and fail."""

import os
import random
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from attrs import define, field

from tests.acceptance.fleet import Fleet, Post, Process
from tests.acceptance.ledger import note

pytestmark = [pytest.mark.acceptance, pytest.mark.alone, pytest.mark.full]

LEASE_SECONDS = 1.0
LOCKED_SECONDS = 0.3
MANY = 20
"""Attempts enough for a task that meets one fault after the other."""


@define(eq=False)
class Frost:
    """Freezes one worker after the other, some for longer than a lease, until `ends_at`."""

    path: Path
    posts: Sequence[Post]
    rng: random.Random
    ends_at: float
    frozen: Process | None = None
    is_down: bool = False
    next_at: float = field(factory=time.monotonic)

    def creep(self) -> bool:
        """Whether it is over."""
        if time.monotonic() >= self.next_at:
            self._turn()
        return self.frozen is None and time.monotonic() >= self.ends_at

    def _turn(self) -> None:
        self.next_at = time.monotonic() + self.rng.uniform(0.3, 2.5 * LEASE_SECONDS)
        victim = self.rng.choice(self.posts).process
        if self.frozen is not None:
            self.frozen.thaw()
            if self.is_down:
                note("up")
            self.frozen = None
        elif victim.status is None and self.next_at < self.ends_at:
            victim.freeze()
            self.frozen = victim
            # Frozen amid a commit, it keeps every other worker from settling and renewing: the broker is away.
            self.is_down = is_locked(self.path)
            if self.is_down:
                note("down")


def is_locked(path: Path) -> bool:
    """Whether nobody can write to the queue for longer than any commit takes."""
    with closing(sqlite3.connect(path, timeout=LOCKED_SECONDS)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
    return False


@pytest.mark.parametrize("turn", range(2))
def test_kills_and_frost_together_lose_nothing_and_repeat_nothing_else(fleet: Fleet, turn: int):
    seed = int(os.environ.get("SEED", random.randrange(1_000_000)))
    print(f"to repeat this: SEED={seed}")
    rng = random.Random(seed)
    workers = [
        Post(
            lambda fate: fleet.doomed_worker(fate, lease_seconds=LEASE_SECONDS),
            [f"anywhere:{rng.randint(300, 2500)}" for _ in range(4)],
        )
        for _ in range(3)
    ]
    frost = Frost(fleet.path, workers, rng, ends_at=time.monotonic() + 15)
    calls = [{"index": index, "seconds": rng.uniform(0.01, 0.3)} for index in range(800)]
    fleet.dispatcher("counting:Count", calls[:600], max_attempts=MANY)
    fleet.dispatcher("stale:Stale", calls[600:], max_attempts=MANY)

    fleet.until(
        lambda: frost.creep() and len(fleet.ledger.entries("dispatched")) == 800 and not fleet.ledger.outstanding,
        tending=workers,
        within=100,
    )
    fleet.settled()

    assert fleet.ledger.entries("killed")
    assert fleet.ledger.entries("frozen")
    assert fleet.ledger.faults() == []
    assert fleet.dead() == {}
