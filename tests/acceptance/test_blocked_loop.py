"""A task that blocks its worker's loop keeps its lease all the same."""

import pytest

from tests.acceptance.brokers.every import on_every_driver
from tests.acceptance.fleet import Fleet

pytestmark = [pytest.mark.acceptance, pytest.mark.alone, on_every_driver]

LEASE_SECONDS = 1.0


@pytest.mark.parametrize("task", ["blocking:Sleep", "blocking:Spin"])
def test_a_task_that_blocks_the_loop_for_three_leases_runs_once_and_is_named_in_the_log(fleet: Fleet, task: str):
    workers = [fleet.worker(lease_seconds=LEASE_SECONDS) for _ in range(2)]
    fleet.ready(*workers)

    [id] = fleet.dispatch(task, {"index": 0, "seconds": 3 * LEASE_SECONDS})
    fleet.until(lambda: fleet.ledger.entries("finished"))
    fleet.settled()

    [started] = fleet.ledger.entries("started")
    [blocked] = [worker for worker in workers if worker.pid == started.pid]
    [idle] = [worker for worker in workers if worker is not blocked]
    assert len(blocked.lines("WARNING", f"blocked by task {task} {id}")) == 1
    assert id not in idle.text
    assert fleet.dead() == {}
