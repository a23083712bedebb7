"""Another server takes over behind the same address: nobody has to be restarted, and nothing is lost or repeated."""

from pathlib import Path

import pytest

from tests.acceptance.brokers.pairs import PAIRS
from tests.acceptance.brokers.proxy import Proxy
from tests.acceptance.fleet import Fleet, Process

pytestmark = [pytest.mark.acceptance, pytest.mark.alone, pytest.mark.full, pytest.mark.timeout(120)]

LEASE_SECONDS = 4.0
HELD_SECONDS = LEASE_SECONDS + 1.0
MANY = 400
BACK_WITHIN_SECONDS = 15.0
"""One wait of an idle worker, and the rest after an error."""


@pytest.mark.parametrize("driver", PAIRS)
def test_workers_and_dispatchers_follow_a_failover_behind_one_address(driver: str, tmp_path: Path):
    with PAIRS[driver]() as pair, Proxy(pair.old.port) as address:
        pair.old.furnish("failover")
        with Fleet(tmp_path, pair.old.settings("failover", address.port)) as fleet:
            workers = [_worker(fleet, queue) for queue in ("default", "idle")]
            fleet.ready(*workers)
            fleet.dispatch("counting:Count", {"index": 0, "seconds": HELD_SECONDS})
            fleet.started(1)
            calls = [{"index": index, "seconds": 0} for index in range(1, MANY)]
            dispatcher = fleet.dispatcher("counting:Count", calls, pause_seconds=0.1)
            fleet.until(lambda: len(fleet.ledger.entries("dispatched")) > MANY / 10)

            pair.fail_over()
            address.target = pair.new.port

            assert dispatcher.ended() == 0, dispatcher.text
            fleet.dispatch("counting:Count", {"index": MANY, "seconds": 0}, queue="idle")
            fleet.until(lambda: not fleet.ledger.outstanding, within=BACK_WITHIN_SECONDS)
            fleet.settled()
            assert fleet.ledger.entries("unsure") == []
            assert fleet.ledger.repetitions() == []
            assert fleet.dead() == {}
            assert [worker.status for worker in workers] == [None, None]


def _worker(fleet: Fleet, queue: str) -> Process:
    env = {"ASYNCTASQ_WORKER_LEASE_SECONDS": str(LEASE_SECONDS)}
    return fleet.start("-m", "asynctasq", "worker", "--queues", queue, env=env)
