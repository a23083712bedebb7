"""A cluster of three RabbitMQ nodes, any of which may die, freeze or leave: nothing is lost, everything goes on."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.brokers.cluster import Cluster
from tests.acceptance.fleet import Fleet, Post
from tests.acceptance.ledger import note

pytestmark = [pytest.mark.acceptance, pytest.mark.alone, pytest.mark.full, pytest.mark.timeout(300)]

LEASE_SECONDS = 1.0
NAME = "cluster"
SOURCE = f"{NAME}:queue:default"
CALL_COUNT = 20_000
DONE_WITHIN_SECONDS = 60.0
MANY = 40
"""Attempts enough for a task that meets one fault after the other."""
UNSURE_COUNT = 20
"""So many dispatches of one process end together."""


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster() as cluster:
        yield cluster


def test_no_fault_of_a_node_loses_a_task_and_none_repeats_without_one(cluster: Cluster, tmp_path: Path):
    rng = random.Random(7)
    with Fleet(tmp_path, cluster.settings(NAME)) as fleet:
        workers = [Post(lambda _: fleet.worker(lease_seconds=LEASE_SECONDS)) for _ in range(3)]
        calls = [{"index": index, "seconds": rng.uniform(0.02, 0.2)} for index in range(CALL_COUNT)]
        dispatchers = [
            fleet.dispatcher("chaotic:Chaotic", calls[half::2], pause_seconds=0.25, max_attempts=MANY)
            for half in range(2)
        ]

        def goes_on() -> None:
            dispatched, finished = (len(fleet.ledger.entries(event)) for event in ("dispatched", "finished"))
            fleet.until(
                lambda: (
                    len(fleet.ledger.entries("dispatched")) > dispatched + UNSURE_COUNT
                    and len(fleet.ledger.entries("finished")) > finished + UNSURE_COUNT
                ),
                tending=workers,
            )

        def fails_clearly() -> None:
            unsure = len(fleet.ledger.entries("unsure"))
            fleet.until(lambda: len(fleet.ledger.entries("unsure")) >= unsure + UNSURE_COUNT, tending=workers)

        def fault(begin: Callable[[], object], meanwhile: Callable[[], None], end: Callable[[], None]) -> None:
            note("down")
            begin()
            meanwhile()
            end()
            note("up")
            goes_on()

        goes_on()
        fleet.until(cluster.settled, tending=workers)
        leader, _, _ = cluster.by_rank(SOURCE)
        fault(leader.kill, goes_on, leader.start)
        leader, follower, _ = cluster.by_rank(SOURCE)
        fault(follower.freeze, goes_on, follower.thaw)
        fault(leader.drain, goes_on, leader.revive)
        majority = cluster.by_rank(SOURCE)[:2]
        fault(lambda: [node.kill() for node in majority], fails_clearly, lambda: cluster.start(majority))

        for dispatcher in dispatchers:
            dispatcher.popen.terminate()
            dispatcher.popen.wait()
        fleet.until(lambda: not fleet.ledger.outstanding, tending=workers, within=DONE_WITHIN_SECONDS)

        assert [worker.process.status for worker in workers] == [None] * len(workers)
        assert fleet.ledger.faults(copies=True) == []
        assert fleet.ledger.overlaps(slack_seconds=LEASE_SECONDS, copies=True) == []
        assert fleet.dead() == {}
