"""A worker leaves when it is told to, whatever its tasks do, and gives back what it could not finish."""

import signal

import pytest

from tests.acceptance.fleet import Fleet, Process

pytestmark = [pytest.mark.acceptance, pytest.mark.alone]

STUBBORN = ["stubborn:Swallowing", "stubborn:Blocking", "stubborn:Threaded"]
MODES = ["patient:OnLoop", "patient:InThread", "patient:InChild", "patient:OnLoopInChild"]
SPARE_SECONDS = 2.0


def running(fleet: Fleet, task: str, *, shutdown_timeout: float) -> tuple[str, Process]:
    worker = fleet.worker(shutdown_timeout=shutdown_timeout)
    [id] = fleet.dispatch(task, {"index": 0})
    fleet.started(1)
    return id, worker


@pytest.mark.parametrize("task", STUBBORN)
def test_a_worker_leaves_in_time_and_gives_back_what_will_not_stop(fleet: Fleet, task: str):
    id, worker = running(fleet, task, shutdown_timeout=1.0)

    worker.stop()

    assert worker.ended(within=1.0 + SPARE_SECONDS) == 0
    assert fleet.counts() == (1, 0, 0, 0)
    assert fleet.view(id).attempt == 0


@pytest.mark.parametrize("task", MODES)
def test_a_worker_leaves_in_time_and_gives_the_attempt_back_in_every_mode(fleet: Fleet, task: str):
    id, worker = running(fleet, task, shutdown_timeout=1.0)

    worker.stop()

    assert worker.ended(within=1.0 + SPARE_SECONDS) == 0
    assert fleet.counts() == (1, 0, 0, 0)
    assert fleet.view(id).attempt == 0


@pytest.mark.parametrize("task", STUBBORN)
def test_a_second_signal_hurries(fleet: Fleet, task: str):
    id, worker = running(fleet, task, shutdown_timeout=25.0)

    worker.stop()
    worker.stop(signal.SIGINT)

    assert worker.ended(within=SPARE_SECONDS) == 0
    assert fleet.counts() == (1, 0, 0, 0)
    assert fleet.view(id).attempt == 0


def test_a_worker_lets_its_tasks_finish_and_starts_no_other(fleet: Fleet):
    worker = fleet.worker(concurrency=1)
    fleet.dispatch("counting:Count", *({"index": index, "seconds": 1.0} for index in range(2)))
    fleet.started(1)

    worker.stop()

    assert worker.ended(within=1.0 + SPARE_SECONDS) == 0
    assert len(fleet.ledger.entries("started")) == len(fleet.ledger.entries("finished")) == 1
    assert fleet.counts() == (1, 0, 0, 0)
