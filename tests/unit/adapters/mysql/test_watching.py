"""What others enqueue is found by the server, and not by asking it over and over."""

import asyncio
import json
from itertools import pairwise
from urllib.parse import urlsplit, urlunsplit

import pytest

from asynctasq.adapters.mysql.queue import MySQLQueue
from asynctasq.adapters.mysql.watching import LONGEST_SECONDS, LOOK_SECONDS, pauses, watch
from asynctasq.domain.message import Message

pytestmark = pytest.mark.broker("mysql")

TOMORROW_SECONDS = 86400
FOREVER_SECONDS = 60.0
LONG_SECONDS = 2.0
"""As the server watches on although nobody waits for it, and keeps its database from being dropped."""
PATIENCE_SECONDS = 10.0


def message(id: str, queue: str = "one", **fields) -> Message:
    return Message(id, queue, task="tasks:work", body=b"body", **fields)


async def lease(queue: MySQLQueue, wait: float):
    return await queue.lease(["one", "two"], limit=10, lease_seconds=30, owner="test", wait=wait)


async def watched(queue: MySQLQueue):
    """Return once the server watches."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not queue._pool._watches:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)


@pytest.fixture
def other(queue, dsn, runner):
    """Another client."""
    other = MySQLQueue(dsn)
    runner.run(other.open())
    yield other
    runner.run(other.close())


def let_watches_last(monkeypatch, seconds: float) -> None:
    monkeypatch.setattr("asynctasq.adapters.mysql.watching.LONGEST_SECONDS", seconds)


@pytest.mark.parametrize(
    "news",
    [
        message("new"),
        message("in another queue", "two"),
        message("with a priority that was not there", priority=5),
        message("due in the middle of the watch", delay_seconds=0.2),
        message("not due, with a priority that was not there", priority=-5, delay_seconds=TOMORROW_SECONDS),
    ],
    ids=lambda news: news.id,
)
def test_what_another_client_enqueues_ends_a_watch_that_has_begun(queue, other, runner, monkeypatch, news):
    let_watches_last(monkeypatch, FOREVER_SECONDS)
    is_due = news.delay_seconds < TOMORROW_SECONDS

    async def scenario():
        await queue.enqueue([message("tomorrow", delay_seconds=TOMORROW_SECONDS)])
        watching = asyncio.create_task(seen())
        await asyncio.sleep(4 * LOOK_SECONDS)  # what a statement sees may be settled by its first look
        await other.enqueue([news])
        async with asyncio.timeout(PATIENCE_SECONDS):
            outlook = await watching
            # A watch that ended between the row and its commit has seen what the look after it has not.
            while is_due and not outlook.ready:
                outlook = await seen()
        return outlook

    async def seen():
        return await queue._pool.watch(
            lambda connection: watch(connection, queue._sql, queue._lines, ("one", "two"), FOREVER_SECONDS)
        )

    assert bool(runner.run(scenario()).ready) == is_due


def test_an_idle_wait_sends_few_statements(queue, runner):
    async def statement_count() -> int:
        [answer] = await queue._pool.read(lambda connection: connection.run(b"SHOW SESSION STATUS LIKE 'Questions'"))
        return int(answer.rows[0][1])

    async def scenario():
        await queue.enqueue([message("tomorrow", delay_seconds=TOMORROW_SECONDS)])
        before = await statement_count()
        assert list(await lease(queue, wait=2 * LONGEST_SECONDS)) == []
        count = await statement_count() - before
        assert len(queue._pool._all) == 1, "the counter is that of one connection"
        return count

    # A look, three packets of three statements if the last is very short, and the question itself.
    assert runner.run(scenario()) <= 1 + 3 * 3 + 1


def test_what_a_client_enqueues_itself_does_not_wait_for_its_watch(queue, runner, monkeypatch):
    let_watches_last(monkeypatch, LONG_SECONDS)
    monkeypatch.setattr("asynctasq.adapters.mysql.watching.LOOK_SECONDS", LONG_SECONDS)  # or it might see it first

    async def scenario():
        waiting = asyncio.create_task(lease(queue, wait=FOREVER_SECONDS))
        await watched(queue)
        [watch] = queue._pool._watches
        # A client that makes news by itself looks by itself for a while.
        await queue.enqueue([message("tomorrow", delay_seconds=TOMORROW_SECONDS)])
        await queue.enqueue([message("now")])
        ids = [held.message.id for held in await waiting]
        return ids, watch.done(), len(queue._pool._watches)

    assert runner.run(scenario()) == (["now"], False, 1)


def test_a_wait_that_is_cancelled_costs_no_connection(queue, runner):
    async def scenario():
        waiting = asyncio.create_task(lease(queue, wait=FOREVER_SECONDS))
        await watched(queue)
        waiting.cancel()
        await asyncio.wait([waiting])
        cancelled_at_once = waiting.cancelled() and len(queue._pool._watches) == 1
        connections = set(queue._pool._all)
        await asyncio.wait(queue._pool._watches)
        return cancelled_at_once, connections == queue._pool._all, [each.is_usable for each in connections]

    assert runner.run(scenario()) == (True, True, [True])


def test_closing_lets_a_watch_end_and_says_goodbye(queue, runner, monkeypatch):
    goodbyes = []

    async def scenario():
        waiting = asyncio.create_task(lease(queue, wait=FOREVER_SECONDS))
        await watched(queue)
        [connection] = queue._pool._all
        leave = connection.leave
        monkeypatch.setattr(connection, "leave", lambda: goodbyes.append(connection.is_usable) or leave())
        waiting.cancel()
        await queue.close()

    runner.run(scenario())

    assert goodbyes == [True]


def test_closing_does_not_wait_for_a_server_that_gives_no_answer(queue, runner, monkeypatch):
    let_watches_last(monkeypatch, LONG_SECONDS)
    monkeypatch.setattr("asynctasq.adapters.mysql.pool.LAST_WATCH_SECONDS", 0.0)

    async def scenario():
        waiting = asyncio.create_task(lease(queue, wait=FOREVER_SECONDS))
        await watched(queue)
        waiting.cancel()
        async with asyncio.timeout(LONG_SECONDS / 2):
            await queue.close()
        return queue._pool._watches, queue._pool._all

    assert runner.run(scenario()) == (set(), set())


@pytest.mark.usefixtures("queue")
def test_a_wait_never_holds_the_last_connection(dsn, runner):
    async def scenario():
        narrow = MySQLQueue(dsn, max_pool_size=2)
        await narrow.open()
        waiting = [asyncio.create_task(lease(narrow, wait=FOREVER_SECONDS)) for _ in range(3)]
        await watched(narrow)
        await asyncio.sleep(LONGEST_SECONDS)  # each of them has waited more than once by then
        watch_count = len(narrow._pool._watches)
        for each in waiting:
            each.cancel()
        await narrow.close()
        return watch_count

    assert runner.run(scenario()) <= 1


def test_a_server_that_ends_long_statements_ends_no_watch(queue, dsn, runner, execute):
    if "MariaDB" not in str(execute("SELECT VERSION()")):
        pytest.skip("only MariaDB has accounts with a limit of their own")
    name = f"hasty_{urlsplit(dsn).path[-16:]}"
    execute(f"CREATE USER {name} IDENTIFIED BY 'secret' WITH MAX_STATEMENT_TIME 0.05")
    execute(f"GRANT ALL ON {urlsplit(dsn).path[1:]}.* TO {name}")
    address = urlsplit(dsn)
    hasty_dsn = urlunsplit(address._replace(netloc=f"{name}:secret@{address.hostname}:{address.port}"))

    async def scenario():
        hasty = MySQLQueue(hasty_dsn)
        await hasty.open()
        leases = await lease(hasty, wait=LONGEST_SECONDS)
        await hasty.close()
        return list(leases)

    try:
        assert runner.run(scenario()) == []
    finally:
        execute(f"DROP USER {name}")


@pytest.mark.parametrize("seconds", [0.001, 0.035, 0.05, 0.4, 1000.0, float("inf")])
def test_pauses_are_short_and_end_together_with_the_wait(seconds):
    plan = json.loads(pauses(seconds))

    ends = [0, *(end for _, end in plan)]
    assert ends[-1] == round(min(seconds, LONGEST_SECONDS) * 1e6)
    assert [round(length * 1e6) for length, _ in plan] == [end - begin for begin, end in pairwise(ends)]
    assert all(0 < length <= LOOK_SECONDS for length, _ in plan)
