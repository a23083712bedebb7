"""A task that kills its worker dies alone, and with a reason."""

import signal

import pytest

from tests.acceptance.brokers.every import on_every_driver
from tests.acceptance.brokers.servers import SERVERS
from tests.acceptance.fleet import Fleet, Post

pytestmark = [pytest.mark.acceptance, pytest.mark.alone]

LEASE_SECONDS = 1.0
OTHERS = [{"index": index, "seconds": 0.05} for index in range(1, 50)]


WAYS = {"exit 0": 0, "exit 1": 1, "kill": -signal.SIGKILL}
"""How a worker may end, and its status then."""


@pytest.mark.parametrize(
    ("fleet", "way"),
    [
        ("sqlite", "kill"),
        *(pytest.param("sqlite", way, marks=pytest.mark.full) for way in WAYS if way != "kill"),
        *(pytest.param(driver, "kill", marks=pytest.mark.full) for driver in SERVERS),
    ],
    indirect=["fleet"],
)
def test_a_task_that_ends_its_worker_at_each_start_dies_alone(fleet: Fleet, way: str):
    [killer] = fleet.dispatch("deadly:Deadly", {"index": 0, "way": way})
    others = fleet.dispatch("counting:Count", *OTHERS)
    worker = Post(lambda _: fleet.worker(lease_seconds=LEASE_SECONDS, concurrency=50), death=WAYS[way])

    fleet.until(lambda: fleet.ledger.outstanding == {killer} and fleet.dead(), tending=[worker])
    fleet.until(lambda: fleet.ledger.entries("failed: WorkerLost"))

    [(id, letter)] = fleet.dead().items()
    assert id == killer
    assert letter.error is not None
    assert letter.error.kind == "WorkerLost"
    is_exact = fleet.queue().capabilities.exact_attempts
    attempts = 3 if is_exact else 4
    assert letter.error.message == f"the worker died or lost its lease in {attempts} of 3 attempts, none is left"
    starts, ends = fleet.ledger.indexes("started").count(0), fleet.ledger.indexes("failed: WorkerLost").count(0)
    # SQS gives a message back as a copy and may be left with two of it, each with attempts and an end of its own.
    copied = not is_exact and attempts < starts <= 2 * attempts
    assert copied or (starts in {3, attempts} and ends == 1)
    assert {entry.id for entry in fleet.ledger.entries("finished")} == set(others)
    assert max(entry.attempt for entry in fleet.ledger.entries("finished")) == 2


@on_every_driver
def test_a_task_that_may_run_once_is_dead_after_a_crash_and_hears_of_it(fleet: Fleet):
    [killer] = fleet.dispatch("deadly:Deadly", {"index": 0, "way": "kill"}, max_attempts=1)
    worker = Post(lambda _: fleet.worker(lease_seconds=LEASE_SECONDS))

    fleet.until(lambda: fleet.ledger.entries("failed: WorkerLost"), tending=[worker])

    letter = fleet.dead()[killer]
    assert letter.error is not None
    assert letter.error.message == "the worker died and the task may run once"
    assert len(fleet.ledger.entries("started")) == 1
    assert len(fleet.ledger.entries("failed: WorkerLost")) == 1
