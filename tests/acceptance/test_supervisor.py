"""`asynctasq worker --processes N`: what dies is replaced, a stop reaches everybody, nobody stays behind."""

import os
import re
import signal
from pathlib import Path

import pytest

from tests.acceptance.fleet import Fleet, Process
from tests.acceptance.project import complaint

pytestmark = [pytest.mark.acceptance, pytest.mark.alone]

SPARE_SECONDS = 3.0


def supervisor(fleet: Fleet, *arguments: str, count: int = 2, **settings: object) -> Process:
    env = {f"ASYNCTASQ_WORKER_{name.upper()}": str(value) for name, value in settings.items()}
    return fleet.start("-m", "asynctasq", "worker", "--processes", str(count), *arguments, env=env)


def members(process: Process) -> list[int]:
    """The pids of its worker processes, in the order in which they were started."""
    return [int(pid) for pid in re.findall(r"worker process \d of \d is pid (\d+)", process.text)]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def busy(fleet: Fleet, process: Process, *, seconds: float = 60.0) -> list[str]:
    """Every process runs one task; their ids."""
    fleet.until(lambda: len(members(process)) == 2)
    ids = fleet.dispatch("counting:Count", *({"index": index, "seconds": seconds} for index in range(2)))
    fleet.until(lambda: {entry.pid for entry in fleet.ledger.entries("started")} == {*members(process)})
    return ids


def test_a_process_that_dies_is_replaced_and_the_work_goes_on(fleet: Fleet):
    process = supervisor(fleet, lease_seconds=3, concurrency=1)
    busy(fleet, process, seconds=1.0)

    os.kill(members(process)[0], signal.SIGKILL)
    fleet.until(lambda: len(members(process)) == 3)
    fleet.dispatch("counting:Count", *({"index": index, "seconds": 0} for index in range(2, 20)))
    fleet.settled()

    assert {*fleet.ledger.indexes("finished")} == {*range(20)}
    assert process.lines("worker process 1 of 2", "killed by SIGKILL", "the next one starts in")
    assert process.status is None


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.full)])
def test_a_stop_reaches_everybody_and_gives_messages_back(fleet: Fleet, number: signal.Signals):
    process = supervisor(fleet, concurrency=1, shutdown_timeout=0.5)
    ids = busy(fleet, process)

    process.stop(number)

    assert process.ended(within=0.5 + SPARE_SECONDS) == 0
    assert not any(map(alive, members(process)))
    assert [fleet.view(id).attempt for id in ids] == [0, 0]
    assert fleet.counts() == (2, 0, 0, 0)


@pytest.mark.full
def test_a_second_signal_hurries_everybody(fleet: Fleet):
    process = supervisor(fleet, concurrency=1, shutdown_timeout=60)
    busy(fleet, process)

    process.stop()
    fleet.until(lambda: process.lines("stopping 2 worker processes"))
    process.stop()

    assert process.ended(within=SPARE_SECONDS) == 0
    assert fleet.counts() == (2, 0, 0, 0)


def test_without_their_supervisor_the_processes_leave_gracefully(fleet: Fleet):
    process = supervisor(fleet, concurrency=1, shutdown_timeout=20)
    busy(fleet, process, seconds=1.0)

    process.stop(signal.SIGKILL)
    process.ended()
    fleet.until(lambda: not any(map(alive, members(process))))

    assert sorted(fleet.ledger.indexes("finished")) == [0, 1]
    assert not any(fleet.counts())


def test_a_stop_while_it_starts_leaves_nobody(fleet: Fleet):
    process = supervisor(fleet)
    fleet.until(lambda: members(process))

    process.stop()

    assert process.ended(within=SPARE_SECONDS) == 0
    assert not any(map(alive, members(process)))


@pytest.mark.full
def test_a_burst_ends_when_every_process_has_ended_well(fleet: Fleet):
    fleet.dispatch("counting:Count", *({"index": index, "seconds": 0} for index in range(50)))

    process = supervisor(fleet, "--burst")

    assert process.ended() == 0
    assert sorted(fleet.ledger.indexes("finished")) == list(range(50))


def test_what_keeps_all_of_them_from_working_is_said_once(project):
    done = project.cli("worker", "--processes", "3", "--app", "nowhere", "--worker-log-level", "error")

    assert done.returncode == 2
    assert "no module 'nowhere'" in complaint(done)
