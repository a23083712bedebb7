"""What users rely on, on every broker: many at once, a broker that is away, bytes from anybody."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from dependency_injector import providers

from asynctasq import task
from asynctasq.app.lifespan import Application
from asynctasq.app.settings import Settings
from asynctasq.container import Container
from asynctasq.domain.errors import Unavailable
from asynctasq.domain.message import Message
from tests.acceptance.brokers.every import BROKERS, on_every_broker
from tests.acceptance.brokers.proxy import Proxy
from tests.acceptance.brokers.servers import SERVERS, Server
from tests.acceptance.brokers.vandals import VANDALS
from tests.acceptance.fleet import Fleet

pytestmark = [pytest.mark.acceptance, pytest.mark.alone, pytest.mark.timeout(240)]

MANY = 1000
AT_ONCE = 10_000
AT_ONCE_WITHIN_SECONDS = 30.0
TOGETHER = 1000
DISPATCH_SECONDS = 2.0
NO_ARGUMENTS = b"\x01\x92\x90\x80"


@task
async def nothing(index: int) -> None: ...


@asynccontextmanager
async def application(variables: Mapping[str, str], **more: str) -> AsyncIterator[Application]:
    settings = Settings.load(environ={**variables, **more}, dotenv=None)
    application = Container(settings=providers.Object(settings)).application()
    try:
        yield application
    finally:
        await application.aclose()


@on_every_broker
def test_a_thousand_dispatches_together_succeed_on_default_settings(fleet: Fleet):
    async def dispatch_all() -> list[str]:
        async with application(fleet.variables) as app:
            return await asyncio.gather(*(app.dispatcher.dispatch(nothing(index)) for index in range(MANY)))

    ids = asyncio.run(dispatch_all())

    assert len(set(ids)) == MANY
    assert fleet.counts()[0] == MANY


@on_every_broker
def test_a_worker_that_was_given_no_names_serves_a_queue_that_comes_up_while_it_runs(fleet: Fleet):
    worker = fleet.worker()
    fleet.ready(worker)

    fleet.dispatch("counting:Count", {"index": 0, "seconds": 0}, queue="nobody-has-heard-of")
    fleet.dispatch("counting:Count", {"index": 1, "seconds": 0}, queue="later", delay=0.5)
    fleet.until(lambda: not fleet.ledger.outstanding)

    assert sorted(fleet.ledger.indexes("finished")) == [0, 1]


@pytest.mark.parametrize("driver", BROKERS)
def test_a_broker_that_is_away_fails_a_dispatch_in_time_and_serves_the_next_once_it_is_back(
    driver: str, server_of: Callable[[str], Server], tmp_path: Path
):
    server = server_of(driver)
    server.furnish(tmp_path.name)

    async def dispatch_around_an_outage(proxy: Proxy, variables: Mapping[str, str]) -> tuple[str, float]:
        async with application(variables, ASYNCTASQ_DISPATCH_TIMEOUT=str(DISPATCH_SECONDS)) as app:
            await app.dispatcher.dispatch(nothing(1).on_queue("other"))
            proxy.cut()
            began = time.monotonic()
            with pytest.raises(Unavailable) as caught:
                await app.dispatcher.dispatch(nothing(2).on_queue("other"))
            took_seconds = time.monotonic() - began
            proxy.mend()
            await app.dispatcher.dispatch(nothing(3).on_queue("other"))
            return str(caught.value), took_seconds

    with Proxy(server.port) as proxy:
        variables = server.settings(tmp_path.name, proxy.port)
        with Fleet(tmp_path, variables) as fleet:
            worker = fleet.worker(lease_seconds=2)
            fleet.ready(worker)
            text, took_seconds = asyncio.run(dispatch_around_an_outage(proxy, variables))
            fleet.dispatch("counting:Count", {"index": 0, "seconds": 0})
            fleet.until(lambda: not fleet.ledger.outstanding)

            assert "may or may not be queued" in text
            assert took_seconds < DISPATCH_SECONDS + 1.0
            assert worker.status is None


@pytest.mark.full
@pytest.mark.parametrize("fleet", ["sqlite", *(driver for driver in SERVERS if driver != "sqs")], indirect=True)
def test_ten_thousand_tasks_that_come_due_at_once_run_once_each(fleet: Fleet):
    workers = [fleet.worker(concurrency=50, log_level="warning") for _ in range(8)]
    fleet.ready(*workers)

    async def enqueue() -> float:
        queue = fleet.queue()
        await queue.open()
        due_at = time.monotonic() + 5.0
        for at in range(0, AT_ONCE, TOGETHER):
            delay_seconds = due_at - time.monotonic()
            messages = [
                Message(
                    f"id-{index}",
                    "default",
                    task="tallying:tally",
                    body=b"\x01\x92\x91" + _packed(index) + b"\x80",
                    delay_seconds=max(delay_seconds, 0.0),
                )
                for index in range(at, at + TOGETHER)
            ]
            assert not await queue.enqueue(messages)
        await queue.close()
        return due_at

    due_at = asyncio.run(enqueue())
    tally = fleet.ledger.path.with_name("ledger.tally")
    fleet.until(lambda: tally.exists() and len(tally.read_bytes().split()) >= AT_ONCE, within=60)
    took_seconds = time.monotonic() - due_at
    fleet.settled()

    runs = Counter(tally.read_bytes().split())
    assert len(runs) == AT_ONCE
    assert set(runs.values()) == {1}
    assert took_seconds < AT_ONCE_WITHIN_SECONDS
    assert fleet.dead() == {}


def _packed(index: int) -> bytes:
    """As MessagePack writes a number of 16 bits."""
    return b"\xcd" + index.to_bytes(2, "big")


@on_every_broker
def test_bytes_from_anybody_are_dead_with_a_reason_and_stop_nobody(fleet: Fleet):
    hostile = {
        "no body": (b"", "counting:Count", "the body is empty"),
        "a body of garbage": (b"\x01\xc1\xff garbage", "counting:Count", "the body cannot be read"),
        "the standard library": (NO_ARGUMENTS, "subprocess:Popen", "is not found under"),
        "no task": (NO_ARGUMENTS, "counting:enter", "is not a task"),
    }

    async def put() -> None:
        queue = fleet.queue()
        await queue.open()
        messages = [Message(id, "default", task=name, body=body) for id, (body, name, _) in hostile.items()]
        assert not await queue.enqueue(messages)
        await VANDALS[fleet.variables["ASYNCTASQ_DRIVER"]](queue, fleet.variables, b"\xff\x00\xfe garbage")
        await queue.close()

    asyncio.run(put())
    fleet.dispatch("counting:Count", *({"index": index, "seconds": 0} for index in range(5)))
    worker = fleet.worker()
    fleet.until(lambda: not fleet.ledger.outstanding)
    letters = fleet.until(lambda: len(fleet.dead()) == len(hostile) + 1 and fleet.dead())

    reasons = {id: letter.error.message if letter.error else "" for id, letter in letters.items()}
    [garbage] = set(reasons) - set(hostile)
    assert reasons[garbage]
    assert {id for id, (_, _, reason) in hostile.items() if reason not in reasons[id]} == set(), reasons
    assert worker.status is None
