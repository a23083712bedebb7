"""Process tasks run in children that die with their own task at most, and with their worker at the latest."""

import json
import os
import signal
from pathlib import Path

import pytest

from tests.acceptance.fleet import Fleet, Process

pytestmark = [pytest.mark.acceptance, pytest.mark.alone]

SIZE = 2
MANY = [{"index": index, "seconds": 0} for index in range(1, 101)]
SPARE_SECONDS = 2.0


def working(fleet: Fleet, **settings: object) -> Process:
    pool = {"ASYNCTASQ_PROCESS_POOL_SIZE": str(SIZE)}
    given = {f"ASYNCTASQ_WORKER_{name.upper()}": str(value) for name, value in settings.items()}
    return fleet.start("-m", "asynctasq", "worker", env=pool | given)


def pids(fleet: Fleet, event: str = "started") -> set[int]:
    return {entry.pid for entry in fleet.ledger.entries(event)}


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_process_tasks_run_in_children_that_speak_through_their_worker(fleet: Fleet):
    worker = working(fleet)

    [id] = fleet.dispatch("computing:Compute", {"index": 7, "seconds": 0})
    fleet.dispatch("computing:ComputeOnLoop", *({"index": index} for index in range(8, 28)))
    fleet.settled()

    assert worker.pid not in pids(fleet)
    assert len(pids(fleet)) <= SIZE
    assert sorted(fleet.ledger.indexes("finished")) == list(range(7, 28))
    assert worker.lines("computing 7 in ")
    assert worker.lines("INFO", "computing: computed 7", f"[task_id {id}]")


@pytest.mark.parametrize("way", ["exit 0", "exit 1", "kill"])
def test_a_child_that_ends_takes_its_own_task_along_and_no_other(fleet: Fleet, way: str):
    worker = working(fleet)

    [id] = fleet.dispatch("computing:Mortal", {"index": 0, "way": way}, max_attempts=1)
    fleet.dispatch("computing:Compute", *MANY)
    fleet.settled()

    assert list(fleet.dead()) == [id]
    assert worker.lines("ChildLost", "killed by SIGKILL" if way == "kill" else f"ended with status {way[-1]}")
    assert sorted(fleet.ledger.indexes("finished")) == [call["index"] for call in MANY]
    assert worker.status is None


def test_children_that_are_killed_while_they_are_idle_fail_no_task(fleet: Fleet):
    working(fleet)
    fleet.dispatch("computing:Compute", *({"index": index, "seconds": 0} for index in range(-10, 0)))
    fleet.settled()

    killed = pids(fleet)
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    fleet.dispatch("computing:Compute", *MANY)
    fleet.settled()

    assert len(fleet.ledger.entries("finished")) == 110
    assert {entry.attempt for entry in fleet.ledger.entries("started")} == {1}
    assert killed < pids(fleet)


@pytest.mark.parametrize("task", ["computing:Sleep", "computing:Hog"])
def test_no_child_outlives_its_worker(fleet: Fleet, task: str):
    worker = working(fleet)
    fleet.dispatch(task, {"index": 1})
    fleet.dispatch("computing:Compute", {"index": 2, "seconds": 0})
    fleet.started(2)

    worker.stop(signal.SIGKILL)

    fleet.until(lambda: all(map(gone, pids(fleet))), within=SPARE_SECONDS)


def test_a_timeout_kills_the_child_of_its_task_and_no_other(fleet: Fleet):
    working(fleet)
    fleet.dispatch("computing:Compute", {"index": 1, "seconds": 2})
    fleet.started(1)
    [neighbour] = pids(fleet)

    [id] = fleet.dispatch("computing:Sleep", {"index": 2}, timeout=0.5, max_attempts=1)
    fleet.settled()

    assert pids(fleet, "finished") == {neighbour}
    [slow] = pids(fleet) - {neighbour}
    assert gone(slow)
    assert list(fleet.dead()) == [id]
    assert fleet.ledger.indexes("failed: TaskTimeout") == [2]


def test_a_process_task_whose_worker_is_killed_runs_once_more_elsewhere(fleet: Fleet):
    gate = fleet.folder / "gate"
    os.mkfifo(gate)
    victim = working(fleet, lease_seconds=1)
    fleet.dispatch("patient:GatedInChild", {"index": 1, "gate": str(gate)})
    fleet.started(1)

    victim.stop(signal.SIGKILL)
    working(fleet, lease_seconds=1)
    fleet.started(2)
    gate.write_bytes(b"")
    fleet.settled()

    assert [entry.attempt for entry in fleet.ledger.entries("started")] == [1, 2]
    assert fleet.ledger.indexes("finished") == [1]


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_child_may_print_and_return_what_it_likes_and_its_log_lines_name_the_task(fleet: Fleet, log_format: str):
    worker = working(fleet, log_format=log_format)

    [id] = fleet.dispatch("computing:Talk", {"index": 1})
    fleet.dispatch("computing:Compute", {"index": 2, "seconds": 0})
    fleet.settled()

    assert len(worker.lines("storm ")) == 100_000
    [line] = worker.lines("about to talk")
    assert (json.loads(line)["task_id"] if log_format == "json" else line.split()[-1].strip("]")) == id
    assert fleet.ledger.indexes("finished") == [2]
    assert not fleet.dead()


def test_hooks_run_where_the_task_failed_with_its_own_exception(fleet: Fleet):
    fleet.dispatch("computing:Fail", *({"index": index} for index in range(20)))
    working(fleet)
    fleet.settled()

    where = {entry.index: entry.pid for entry in fleet.ledger.entries("started")}
    assert len(fleet.ledger.entries("started")) == 20
    assert {entry.index: entry.pid for entry in fleet.ledger.entries("asked")} == where
    assert {entry.index: entry.pid for entry in fleet.ledger.entries("failed: Unpicklable")} == where


@pytest.mark.parametrize("task", ["computing:HangInHook", "computing:HangInHookOnLoop"])
def test_a_task_that_wants_no_retry_gets_none_even_if_its_failed_hangs(fleet: Fleet, task: str):
    working(fleet)

    [id] = fleet.dispatch(task, {"index": 1}, timeout=0.5, retry_delay=0)
    fleet.settled()

    assert fleet.ledger.indexes("asked") == fleet.ledger.indexes("failed: ValueError") == [1]
    assert len(fleet.ledger.entries("started")) == 1
    assert fleet.dead()[id].attempt == 1


def test_a_worker_that_leaves_gives_back_what_its_children_could_not_finish(fleet: Fleet):
    ids = fleet.dispatch("computing:Sleep", *({"index": index} for index in range(SIZE + 1)))
    worker = working(fleet, shutdown_timeout=1.0)
    fleet.started(SIZE)

    worker.stop()

    assert worker.ended(within=1.0 + SPARE_SECONDS) == 0
    assert all(map(gone, pids(fleet)))
    assert fleet.counts() == (SIZE + 1, 0, 0, 0)
    assert {fleet.view(id).attempt for id in ids} == {0}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_whole_group_lets_process_tasks_finish(fleet: Fleet, number: signal.Signals):
    worker = working(fleet)
    fleet.dispatch("computing:Compute", {"index": 1, "seconds": 1})
    fleet.started(1)

    for pid in (*pids(fleet), worker.pid):
        os.kill(pid, number)

    assert worker.ended(within=1.0 + SPARE_SECONDS) == 0
    assert fleet.ledger.indexes("finished") == [1]


def test_cancelling_a_running_process_task_kills_its_child(fleet: Fleet):
    worker = working(fleet, lease_seconds=1)
    [id] = fleet.dispatch("computing:Sleep", {"index": 1})
    fleet.started(1)

    fleet.ask(lambda admin: admin.cancel([id]))

    fleet.until(lambda: all(map(gone, pids(fleet))))
    fleet.until(lambda: worker.lines(id, "cancelled"))
    assert worker.status is None
