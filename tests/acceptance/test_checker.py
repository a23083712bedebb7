"""The checker of these tests sees what it has to see: three broken queues, in stories that a whole one survives."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from attrs import asdict

from tests.acceptance.fleet import Fleet, Post, Process
from tests.acceptance.ledger import Entry, Ledger

pytestmark = pytest.mark.acceptance

LEASE_SECONDS = 1.0

Story = Callable[[Fleet, str], None]


def worker(fleet: Fleet, sabotage: str, fate: str = "") -> Process:
    return fleet.doomed_worker(fate, sabotage=sabotage, lease_seconds=LEASE_SECONDS)


def killed_within_its_tasks(fleet: Fleet, sabotage: str) -> None:
    post = Post(lambda fate: worker(fleet, sabotage, fate), ["running:5"])
    fleet.dispatch("counting:Count", *({"index": index, "seconds": 0.1} for index in range(10)))
    fleet.until(lambda: fleet.ledger.entries("killed"), tending=[post])
    fleet.until(lambda: not any(fleet.counts()[:3]), tending=[post])


def outlasting_the_lease(fleet: Fleet, sabotage: str) -> None:
    workers = [worker(fleet, sabotage) for _ in range(2)]
    fleet.ready(*workers)
    fleet.dispatch("counting:Count", {"index": 0, "seconds": 2.5 * LEASE_SECONDS})
    fleet.until(lambda: fleet.ledger.entries("finished"))
    fleet.settled()


def waking_up_beside_a_successor(fleet: Fleet, sabotage: str) -> None:
    zombie = worker(fleet, sabotage)
    fleet.dispatch("stale:Stale", {"index": 0, "seconds": 2 * LEASE_SECONDS})
    fleet.started(1)
    zombie.freeze()
    successor = worker(fleet, sabotage)
    fleet.started(1, pid=successor.pid)
    zombie.thaw()
    fleet.until(lambda: fleet.ledger.entries("finished"))
    fleet.settled()


@pytest.mark.parametrize(
    ("story", "sabotage", "fault"),
    [
        (killed_within_its_tasks, "early ack", "lost"),
        (outlasting_the_lease, "no renewal", "repeated"),
        (waking_up_beside_a_successor, "no tokens", "repeated"),
    ],
)
def test_the_checker_finds_what_sabotage_does(fleet: Fleet, story: Story, sabotage: str, fault: str):
    story(fleet, sabotage)

    assert fault in {text.partition(":")[0] for text in fleet.ledger.faults()}


@pytest.mark.parametrize("story", [killed_within_its_tasks, outlasting_the_lease, waking_up_beside_a_successor])
def test_the_checker_finds_nothing_without_sabotage(fleet: Fleet, story: Story):
    story(fleet, "")

    assert fleet.ledger.faults() == []


def test_the_checker_excuses_no_second_dispatch_by_an_outage_before_the_first_run(tmp_path: Path):
    entries = [
        Entry(event="down", pid=0, at=1.0),
        Entry(event="up", pid=0, at=2.0),
        Entry(event="started", pid=2, at=2.1, id="it", attempt=1),
        Entry(event="finished", pid=2, at=2.2, id="it", attempt=1),
        Entry(event="dispatched", pid=1, at=2.3, id="it"),
        Entry(event="started", pid=3, at=2.4, id="it", attempt=1),
        Entry(event="finished", pid=3, at=2.5, id="it", attempt=1),
    ]

    assert written(tmp_path, entries).faults() == ["repeated: it ran well on 2"]


def test_the_checker_tells_two_attempts_of_one_worker_apart(tmp_path: Path):
    entries = [
        Entry(event="dispatched", pid=1, at=0.0, id="it"),
        Entry(event="started", pid=2, at=1.0, id="it", attempt=1),
        Entry(event="finished", pid=2, at=1.1, id="it", attempt=1),
        Entry(event="frozen", pid=2, at=1.2),
        Entry(event="thawed", pid=2, at=4.0),
        Entry(event="started", pid=2, at=5.0, id="it", attempt=2),
        Entry(event="killed", pid=2, at=5.1),
        Entry(event="started", pid=3, at=7.0, id="it", attempt=3),
        Entry(event="finished", pid=3, at=7.1, id="it", attempt=3),
    ]

    assert written(tmp_path, entries).faults() == []


def written(folder: Path, entries: Sequence[Entry]) -> Ledger:
    ledger = folder / "ledger"
    ledger.write_text("".join(json.dumps(asdict(entry)) + "\n" for entry in entries))
    return Ledger(ledger)
