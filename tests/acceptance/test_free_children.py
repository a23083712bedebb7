"""No process task waits for a child while another worker has a free one, and no other task waits for a child at all."""

import contextlib
import os
from pathlib import Path

import pytest

from tests.acceptance.fleet import Fleet, Process

pytestmark = [pytest.mark.acceptance, pytest.mark.alone]

CONCURRENCY = 10


def working(fleet: Fleet) -> Process:
    pool = {"ASYNCTASQ_PROCESS_POOL_SIZE": "1", "ASYNCTASQ_WORKER_CONCURRENCY": str(CONCURRENCY)}
    return fleet.start("-m", "asynctasq", "worker", env=pool)


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.fixture
def gate(fleet: Fleet) -> Path:
    path = fleet.folder / "gate"
    os.mkfifo(path)
    return path


def test_two_workers_with_a_child_each_run_a_process_task_each(fleet: Fleet, gate: Path):
    workers = [working(fleet), working(fleet)]
    fleet.ready(*workers)

    fleet.dispatch("patient:GatedInChild", *({"index": index, "gate": str(gate)} for index in range(CONCURRENCY)))
    fleet.started(2)
    busy = {parent(entry.pid) for entry in fleet.ledger.entries("started")}
    fleet.until(lambda: fleet.counts() == (CONCURRENCY - 2, 0, 2, 0))
    fleet.until(lambda: _open(gate) or len(fleet.ledger.entries("finished")) == CONCURRENCY)
    fleet.settled()

    assert busy == {worker.pid for worker in workers}
    assert [entry.attempt for entry in fleet.ledger.entries("started")] == [1] * CONCURRENCY


def test_other_tasks_of_the_same_queue_run_while_every_child_is_taken(fleet: Fleet, gate: Path):
    working(fleet)
    fleet.dispatch("patient:GatedInChild", *({"index": index, "gate": str(gate)} for index in range(CONCURRENCY)))
    fleet.started(1)

    fleet.dispatch("counting:Count", *({"index": index, "seconds": 0} for index in range(100, 150)))
    fleet.until(lambda: len(fleet.ledger.entries("finished")) == 50)

    assert len(fleet.ledger.entries("started")) == 51


def _open(gate: Path) -> None:
    """Let those pass that wait now."""
    with contextlib.suppress(OSError):  # there is nobody
        os.close(os.open(gate, os.O_WRONLY | os.O_NONBLOCK))
