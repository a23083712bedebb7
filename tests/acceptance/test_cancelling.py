"""Somebody cancels a task that runs: it stops, in whatever mode, and its worker goes on."""

import os

import pytest

from asynctasq.domain.lifecycle import State
from tests.acceptance.fleet import Fleet, Process

pytestmark = [pytest.mark.acceptance, pytest.mark.alone]

MODES = ["patient:OnLoop", "patient:InThread", "patient:InChild", "patient:OnLoopInChild"]


def cancel(fleet: Fleet, id: str) -> None:
    command = fleet.start("-m", "asynctasq", "tasks", "cancel", id)
    assert command.ended() == 0, command.text


def cancelled(fleet: Fleet, worker: Process, id: str) -> None:
    """Cancel it and wait until its worker has learnt it."""
    cancel(fleet, id)
    fleet.until(lambda: worker.lines(id, "was cancelled"))


@pytest.mark.parametrize("task", MODES)
def test_a_running_task_is_cancelled_in_every_mode_and_its_slot_runs_the_next_one(fleet: Fleet, task: str):
    worker = fleet.worker(concurrency=1, lease_seconds=1)
    [id] = fleet.dispatch(task, {"index": 0})
    fleet.started(1)

    cancelled(fleet, worker, id)
    fleet.dispatch("counting:Count", {"index": 1, "seconds": 0})
    fleet.settled()

    assert fleet.view(id).state is State.CANCELLED
    assert fleet.ledger.indexes("started") == [0, 1]
    assert fleet.ledger.indexes("finished") == [1]
    assert fleet.ledger.indexes("stopped") == ([] if "Child" in task else [0])
    assert not worker.lines("failed")


def test_a_cancelled_thread_that_does_not_ask_keeps_its_slot_until_it_ends(fleet: Fleet):
    gate = fleet.folder / "gate"
    os.mkfifo(gate)
    worker = fleet.worker(concurrency=1, lease_seconds=1)
    [id] = fleet.dispatch("patient:Gated", {"index": 0, "gate": str(gate)})
    fleet.started(1)
    fleet.dispatch("counting:Count", {"index": 1, "seconds": 0})

    cancelled(fleet, worker, id)
    waiting = fleet.counts()
    gate.write_bytes(b"")
    fleet.settled()

    assert waiting == (1, 0, 0, 0)
    assert fleet.ledger.indexes("finished") == [0, 1]
    [second] = [entry for entry in fleet.ledger.entries("started") if entry.index == 1]
    assert second.at > fleet.ledger.entries("finished")[0].at
