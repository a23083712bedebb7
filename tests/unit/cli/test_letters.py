import asyncio

import pytest

from asynctasq.adapters.memory.queue import MemoryQueue
from asynctasq.app.broker import Broker
from asynctasq.app.monitor import Monitor
from asynctasq.app.routes import Routes
from asynctasq.cli import letters
from asynctasq.cli.letters import Done, Letters, count_of
from asynctasq.domain.errors import AsyncTasQError, ConfigurationError
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Bury


@pytest.fixture
def queue():
    return MemoryQueue()


@pytest.fixture
def monitor(queue):
    broker = Broker()
    routes = Routes(lambda _: queue, "memory")
    monitor = Monitor(broker, routes)
    asyncio.run(broker.call(fill, routes))
    yield monitor
    asyncio.run(broker.call(routes.close))
    broker.close()


async def fill(routes):
    """Dead are a and b of queue "one" and c of queue "two"; w waits."""
    queue = await routes.queue()
    buried = [Message(id, name, task="t", body=b"") for id, name in [("a", "one"), ("b", "one"), ("c", "two")]]
    await queue.enqueue(buried)
    leases = await queue.lease(["one", "two"], limit=9, lease_seconds=9, owner="w")
    await queue.settle([Bury(lease, error=ErrorInfo("E", "no")) for lease in leases])
    await queue.enqueue([Message("w", "one", task="t", body=b"")])


def every(ids=(), queue=None, *, everything=False):
    return Letters(tuple(ids), queue, everything)


async def left(monitor):
    return [view.message.id async for view in letters.walk(monitor, None)]


@pytest.mark.parametrize(
    "choice", [{}, {"ids": "a", "queue": "q"}, {"ids": "a", "everything": True}, {"queue": "q", "everything": True}]
)
def test_there_is_one_way_to_say_which(choice):
    with pytest.raises(ConfigurationError, match="--queue, or --all"):
        every(**choice)


def test_a_queue_must_be_a_possible_one():
    with pytest.raises(ConfigurationError, match="'a b'"):
        every(queue="a b")


@pytest.mark.parametrize(
    ("choice", "found"),
    [({"ids": "ca"}, ["c", "a"]), ({"queue": "one"}, ["a", "b"]), ({"everything": True}, ["a", "b", "c"])],
)
def test_look_finds_what_was_meant(monitor, choice, found):
    views = asyncio.run(letters.look(monitor, every(**choice)))

    assert [view.message.id for view in views] == found


def test_the_walk_goes_from_page_to_page(monitor, monkeypatch):
    monkeypatch.setattr(letters, "BATCH", 1)

    assert asyncio.run(left(monitor)) == ["a", "b", "c"]


@pytest.mark.parametrize("stranger", ["w", "nobody"])
def test_what_is_not_dead_is_no_dead_letter(monitor, stranger):
    with pytest.raises(AsyncTasQError, match=f"'{stranger}'"):
        asyncio.run(letters.look(monitor, every(["a", stranger])))


def test_retry_does_what_it_can_and_says_what_it_cannot(monitor):
    done = asyncio.run(letters.retry(monitor, every(["a", "nobody"])))

    assert done.count == 1
    assert [problem.partition(":")[0] for problem in done.problems] == ["nobody"]
    assert asyncio.run(left(monitor)) == ["b", "c"]


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_retry_takes_every_one_in_batches(monitor, monkeypatch, batch):
    monkeypatch.setattr(letters, "BATCH", batch)

    assert asyncio.run(letters.retry(monitor, every(everything=True))) == Done(3)
    assert asyncio.run(left(monitor)) == []


@pytest.mark.parametrize(
    ("choice", "rest"), [({"ids": "a"}, ["b", "c"]), ({"queue": "one"}, ["c"]), ({"everything": True}, [])]
)
def test_purge_takes_the_dead_only(monitor, choice, rest):
    done = asyncio.run(letters.purge(monitor, every(**choice)))

    assert done == Done(3 - len(rest))
    assert asyncio.run(left(monitor)) == rest
    assert asyncio.run(monitor.get("w")) is not None


@pytest.mark.parametrize(("count", "text"), [(0, "no dead letters"), (1, "1 dead letter"), (2, "2 dead letters")])
def test_counts_are_words(count, text):
    assert count_of(count) == text
