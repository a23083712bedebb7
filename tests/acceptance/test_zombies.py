"""A worker that wakes up after its lease can do no harm to the worker that took over."""

import os

import pytest

from tests.acceptance.brokers.every import on_every_driver
from tests.acceptance.fleet import Fleet, Process
from tests.acceptance.ledger import note

pytestmark = [pytest.mark.acceptance, pytest.mark.alone]

LEASE_SECONDS = 1.0


def freeze_in(fleet: Fleet, task_seconds: float) -> tuple[str, Process, Process]:
    """A worker that was frozen within its task, and the one that runs the task in its place."""
    zombie = fleet.worker(lease_seconds=LEASE_SECONDS)
    [id] = fleet.dispatch("stale:Stale", {"index": 0, "seconds": task_seconds})
    fleet.started(1)
    zombie.freeze()
    successor = fleet.worker(lease_seconds=LEASE_SECONDS)
    fleet.started(1, pid=successor.pid)
    return id, zombie, successor


@on_every_driver
def test_a_zombie_changes_nothing_while_its_successor_runs(fleet: Fleet):
    id, zombie, successor = freeze_in(fleet, task_seconds=2.0)

    zombie.thaw()
    fleet.until(lambda: not fleet.ledger.outstanding)
    fleet.settled()

    assert len(zombie.lines("WARNING", id)) == 1
    assert [entry.pid for entry in fleet.ledger.entries("finished")] == [successor.pid]
    assert len(fleet.ledger.entries("started")) == 2
    assert fleet.ledger.faults() == []
    assert fleet.dead() == {}


@on_every_driver
def test_a_zombie_brings_nothing_back_after_its_successor_has_finished(fleet: Fleet):
    id, zombie, successor = freeze_in(fleet, task_seconds=0.6)
    fleet.until(lambda: not fleet.ledger.outstanding)
    fleet.settled()

    zombie.thaw()
    fleet.until(lambda: zombie.lines("WARNING", id))
    zombie.stop()

    assert zombie.ended() == 0
    assert len(zombie.lines("WARNING", id)) == 1
    assert [entry.pid for entry in fleet.ledger.entries("finished")] == [successor.pid]
    assert fleet.counts() == (0, 0, 0, 0)


def test_a_lease_that_was_lost_before_its_task_began_starts_nothing(fleet: Fleet):
    gate = fleet.folder / "gate"
    os.mkfifo(gate)
    victim = fleet.worker(lease_seconds=LEASE_SECONDS, concurrency=1)
    [suspect] = fleet.dispatch("patient:Gated", {"index": 0, "gate": str(gate)})
    fleet.started(1)
    zombie = fleet.worker(lease_seconds=LEASE_SECONDS)
    fleet.dispatch("counting:Count", {"index": 1, "seconds": 3.0})
    fleet.started(1, pid=zombie.pid)
    note("killed", pid=victim.pid)
    victim.popen.kill()
    # What has killed a worker waits here until it can run alone.
    fleet.until(lambda: fleet.view(suspect).attempt == 2)
    zombie.freeze()
    fleet.worker(lease_seconds=LEASE_SECONDS)
    gate.write_bytes(b"")
    fleet.until(lambda: 0 in fleet.ledger.indexes("finished"))

    zombie.thaw()
    fleet.until(lambda: not fleet.ledger.outstanding)
    fleet.settled()
    zombie.stop()

    assert zombie.ended() == 0
    assert [entry.index for entry in fleet.ledger.entries("started") if entry.pid == zombie.pid] == [1]
    assert fleet.ledger.faults() == []
