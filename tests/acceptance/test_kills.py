"""Whatever is killed, and wherever: nothing that was dispatched is lost, and only what a victim held runs again."""

import os
import random

import pytest

from tests.acceptance.fleet import Fleet, Post
from tests.acceptance.ledger import last

pytestmark = [pytest.mark.acceptance, pytest.mark.alone]

LEASE_SECONDS = 1.5
MARGIN_SECONDS = 1.5
LATEST = {"leased": 8, "running": 40, "settling": 15, "settled": 15, "anywhere": 600}
"""Where a worker dies, and when at the latest: how often it has passed there, or milliseconds after its first lease."""
TURNS = range(2 if os.environ.get("CI") == "true" else 1)


def fates_of_a_worker(rng: random.Random, count: int) -> list[str]:
    points = [list(LATEST)[at % len(LATEST)] for at in range(count)]
    rng.shuffle(points)
    return [f"{point}:{rng.randint(1, LATEST[point])}" for point in points]


def fates_of_a_dispatcher(rng: random.Random, count: int) -> list[str]:
    return [f"{rng.choice(['enqueueing', 'enqueued'])}:{rng.randint(1, 20)}" for _ in range(count)]


@pytest.mark.parametrize("turn", TURNS)
def test_no_kill_loses_a_task_and_none_repeats_but_those_of_victims(fleet: Fleet, turn: int):
    seed = int(os.environ.get("SEED", random.randrange(1_000_000)))
    print(f"to repeat this: SEED={seed}")
    rng = random.Random(seed)
    calls = [{"index": index, "seconds": rng.uniform(0.01, 0.08)} for index in range(2000)]
    workers = [
        Post(lambda fate: fleet.doomed_worker(fate, lease_seconds=LEASE_SECONDS), fates_of_a_worker(rng, 10))
        for _ in range(3)
    ]
    dispatcher = Post(lambda fate: fleet.dispatcher("counting:Count", calls, fate=fate), fates_of_a_dispatcher(rng, 6))

    fleet.until(
        lambda: len(fleet.ledger.entries("dispatched")) == len(calls) and not fleet.ledger.outstanding,
        tending=[*workers, dispatcher],
        within=100,
    )
    fleet.settled()

    assert len(fleet.ledger.entries("killed")) >= 30
    assert fleet.ledger.repetitions()
    assert fleet.ledger.faults() == []
    assert fleet.dead() == {}


def test_what_the_last_victim_held_is_done_within_a_lease(fleet: Fleet):
    fleet.doomed_worker("running:10", lease_seconds=LEASE_SECONDS)
    fleet.dispatch("counting:Count", *({"index": index, "seconds": 0.1} for index in range(10)))
    fleet.until(lambda: fleet.ledger.entries("killed"))

    heirs = [fleet.worker(lease_seconds=LEASE_SECONDS) for _ in range(2)]
    fleet.ready(*heirs)
    fleet.until(lambda: not fleet.ledger.outstanding)

    assert fleet.ledger.faults() == []
    assert len(fleet.ledger.repetitions()) == 10
    took_seconds = last(fleet.ledger.entries("finished")) - last(fleet.ledger.entries("killed"))
    assert took_seconds < LEASE_SECONDS + MARGIN_SECONDS
