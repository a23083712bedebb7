"""A task that kills its worker dies alone, and with a reason."""

import signal

import pytest

from tests.acceptance.brokers.every import on_every_driver
from tests.acceptance.fleet import Fleet, Post

pytestmark = [pytest.mark.acceptance, on_every_driver]

LEASE_SECONDS = 1.0
OTHERS = [{"index": index, "seconds": 0.05} for index in range(1, 50)]


@pytest.mark.parametrize(("way", "status"), [("exit 0", 0), ("exit 1", 1), ("kill", -signal.SIGKILL)])
def test_a_task_that_ends_its_worker_at_each_start_dies_alone(fleet: Fleet, way: str, status: int):
    [killer] = fleet.dispatch("deadly:Deadly", {"index": 0, "way": way})
    others = fleet.dispatch("counting:Count", *OTHERS)
    worker = Post(lambda _: fleet.worker(lease_seconds=LEASE_SECONDS, concurrency=50), death=status)

    fleet.until(lambda: fleet.ledger.outstanding == {killer} and fleet.dead(), tending=[worker])
    fleet.until(lambda: fleet.ledger.entries("failed: WorkerLost"))

    [(id, letter)] = fleet.dead().items()
    assert id == killer
    assert letter.error is not None
    assert letter.error.kind == "WorkerLost"
    attempts = 3 if fleet.queue().capabilities.exact_attempts else 4
    assert letter.error.message == f"the worker died or lost its lease in {attempts} of 3 attempts, none is left"
    assert fleet.ledger.indexes("started").count(0) == 3
    assert len(fleet.ledger.entries("failed: WorkerLost")) == 1
    assert {entry.id for entry in fleet.ledger.entries("finished")} == set(others)
    assert max(entry.attempt for entry in fleet.ledger.entries("finished")) == 2


def test_a_task_that_may_run_once_is_dead_after_a_crash_and_hears_of_it(fleet: Fleet):
    [killer] = fleet.dispatch("deadly:Deadly", {"index": 0, "way": "kill"}, max_attempts=1)
    worker = Post(lambda _: fleet.worker(lease_seconds=LEASE_SECONDS))

    fleet.until(lambda: fleet.ledger.entries("failed: WorkerLost"), tending=[worker])

    letter = fleet.dead()[killer]
    assert letter.error is not None
    assert letter.error.message == "the worker died and the task may run once"
    assert len(fleet.ledger.entries("started")) == 1
    assert len(fleet.ledger.entries("failed: WorkerLost")) == 1
