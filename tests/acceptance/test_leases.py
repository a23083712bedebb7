"""A worker that reaches its queue keeps its leases, however short they are."""

import pytest

from tests.acceptance.fleet import Fleet

pytestmark = [pytest.mark.acceptance, pytest.mark.alone]


def test_a_short_lease_survives_the_wait_for_it_and_a_long_task(fleet: Fleet):
    workers = [fleet.worker(lease_seconds=1) for _ in range(2)]
    fleet.ready(*workers)

    fleet.dispatch("counting:Count", *({"index": index, "seconds": 2.5} for index in range(4)), delay=0.9)
    fleet.until(lambda: len(fleet.ledger.entries("finished")) == 4)
    fleet.settled()

    assert fleet.ledger.faults() == []
    assert not [worker for worker in workers if worker.lines("WARNING")]


def test_a_task_that_wants_to_be_recovered_soon_keeps_a_lease_that_was_waited_for(fleet: Fleet):
    worker = fleet.worker(lease_seconds=30)
    fleet.ready(worker)

    # Longer than the shortened lease, shorter than the worker waits for news.
    fleet.dispatch("counting:Count", {"index": 0, "seconds": 3.5}, visibility_timeout=3, delay=3.5)
    fleet.settled()

    assert len(fleet.ledger.entries("started")) == 1
    assert not worker.lines("WARNING")
