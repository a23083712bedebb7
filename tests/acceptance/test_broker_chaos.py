"""Whatever is killed, frozen, restarted or cut, on every broker: nothing is lost, and each repetition has its fault."""

import os
import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.acceptance.brokers.every import BROKERS
from tests.acceptance.brokers.mysqld import TrueMySQLServer
from tests.acceptance.brokers.proxy import Proxy
from tests.acceptance.brokers.servers import SERVERS, Server
from tests.acceptance.brokers.storm import BRISK, ROUGH, Storm
from tests.acceptance.fleet import Fleet, Post
from tests.conftest import FULL

pytestmark = [pytest.mark.acceptance, pytest.mark.alone]

LEASE_SECONDS = 1.0
MINUTES = float(os.environ.get("MINUTES", "0"))
FAULT_COUNT = round(30 * MINUTES) or 20
WEATHER = ROUGH if FULL or MINUTES else BRISK
RESTART_COUNT = FAULT_COUNT // 12
CALLS_PER_FAULT = 300
DONE_WITHIN_SECONDS = 60.0
SLACK_SECONDS = LEASE_SECONDS
KINDS: Mapping[str, type[Server]] = SERVERS | {"mysqld": TrueMySQLServer}
MANY = 40
"""Attempts enough for a task that meets one fault after the other."""


@pytest.fixture(params=KINDS if MINUTES else BROKERS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with KINDS[request.param]() as server:
        yield server


@pytest.mark.timeout(300 + 300 * MINUTES)
def test_no_fault_loses_a_task_and_none_repeats_without_one(server: Server, tmp_path: Path):
    seed = int(os.environ.get("SEED", random.randrange(1_000_000)))
    print(f"to repeat this: SEED={seed}")
    rng = random.Random(seed)
    server.furnish("chaos")
    with Proxy(server.port) as proxy, Fleet(tmp_path, server.settings("chaos", proxy.port)) as fleet:
        workers = [Post(lambda _: fleet.worker(lease_seconds=LEASE_SECONDS)) for _ in range(3)]
        calls = [{"index": index, "seconds": rng.uniform(0.02, 0.2)} for index in range(CALLS_PER_FAULT * FAULT_COUNT)]
        dispatchers = [
            fleet.dispatcher("chaotic:Chaotic", calls[half::2], pause_seconds=0.25, max_attempts=MANY)
            for half in range(2)
        ]
        storm = Storm(fleet, server, proxy, workers, rng, WEATHER, LEASE_SECONDS, RESTART_COUNT)

        storm.blow(FAULT_COUNT)
        for dispatcher in dispatchers:
            dispatcher.popen.terminate()
            dispatcher.popen.wait()
        fleet.until(lambda: not fleet.ledger.outstanding, tending=workers, within=DONE_WITHIN_SECONDS)

        print(storm.struck)
        assert [worker.process.status for worker in workers] == [None] * len(workers)
        assert len(storm.struck) == FAULT_COUNT
        assert storm.fault_seconds <= storm.calm_seconds
        copies = not fleet.queue().capabilities.deduplicates
        assert fleet.ledger.faults(copies=copies) == []
        assert fleet.ledger.overlaps(slack_seconds=SLACK_SECONDS, copies=copies) == []
        assert fleet.dead() == {}
