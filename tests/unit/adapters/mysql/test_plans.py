"""A backlog never slows a lease: every statement finds what it needs in an index, already in order."""

import itertools
import json
from collections.abc import Sequence

import pytest

from asynctasq.adapters.mysql.connection import Connection
from asynctasq.adapters.mysql.literals import Fragment, Value
from asynctasq.adapters.mysql.queue import MySQLQueue
from asynctasq.domain.message import Message
from asynctasq.domain.verdict import Ack

pytestmark = pytest.mark.broker("mysql")

TOKENS = "[[1,1],[2,1]]"
VALUES: dict[str, Value] = {
    "above": -5,
    "after": "a",
    "at": 0,
    "below": 5,
    "high": 0,
    "ids": ["a", "b"],
    "limit": 10,
    "low": 0,
    "microseconds": 1,
    "owner": "o",
    "queue": "one",
    "rows": Fragment(b"('a', 'one', 0, NOW(6), '', '')"),
    "seqs": "[1,2]",
    "state": "dead",
    "states": ["pending"],
    "tier": 0,
    "tokens": TOKENS,
    "verdicts": TOKENS,
}
HOT = ["look", "look_between", "take", "lease", "extend", "ack", "give_back", "bury", "live", "cancelled"]
BY_ID = ["clash", "known", "unfollow", "fetch", "hold", "hold_idle", "hold_kept", "cancel", "requeue", "delete"]
OTHERS = ["leave", "delete_kept", "next_queue", "find_kept", "doomed", "purge"]
LIMIT = 100
THOUSAND = json.dumps(list(range(1000)))


def in_table(row: Sequence[object]) -> bool:
    """Whether a line of a plan is about what is read of one of our tables."""
    return "Table function" not in str(row[-1]) and row[2] is not None and row[1] != "INSERT"


@pytest.mark.parametrize("verb", [*HOT, *BY_ID, *OTHERS])
def test_no_table_is_scanned_and_nothing_is_sorted(queue, runner, execute, verb):
    # Where there is nothing, a scan is what costs least.
    pile_up(execute, waiting=10, later=10, dead=10)
    statement = queue._sql(verb, **VALUES).strip(b"( )") if verb.startswith("look") else queue._sql(verb, **VALUES)

    plan = runner.run(explain(queue, statement))

    assert [row for row in plan if in_table(row) and row[3] == "ALL"] == []
    assert [row for row in plan if "filesort" in str(row[-1])] == []


async def explain(queue: MySQLQueue, statement: bytes) -> Sequence[Sequence[object]]:
    """Lines of id, kind, table, way, possible keys, key, its length, what it is compared with, rows, and all else."""

    async def work(connection: Connection):
        return (await connection.run(b"SET @now = NOW(6)", b"EXPLAIN FORMAT=TRADITIONAL " + statement))[-1].rows

    # MySQL tells of partitions before the way, and before all else what part of the rows is left.
    return [row[:3] + row[4:10] + row[11:] if len(row) == 12 else row for row in await queue._pool.read(work)]


def test_watching_takes_a_step_into_the_index_for_each_line_and_gap(queue, runner, execute):
    pile_up(execute, later=20_000)
    news = queue._lines.look(("one", "two")).news
    statement = queue._sql("watch", pauses="[[0.001,1000],[0.001,2000]]", news=news)

    plan = runner.run(explain(queue, statement))
    before = runner.run(reads(queue))
    runner.run(queue._pool.read(lambda connection: connection.run(statement)))
    read_count = runner.run(reads(queue)) - before

    in_tables = [row for row in plan if in_table(row)]
    assert {(row[2], row[5]) for row in in_tables} == {("task_queue", "line")}
    assert all("Using index" in str(row[-1]) and "filesort" not in str(row[-1]) for row in in_tables)
    # Two pauses, and two queues with a line and two gaps each; the rest is what reading the pauses and counting costs.
    assert read_count <= 2 * 2 * 3 + 20


@pytest.mark.parametrize("verb", ["stats", "doomed"])
def test_counting_touches_no_message(queue, runner, verb):
    plan = runner.run(explain(queue, queue._sql(verb, **VALUES)))

    assert {row[5] for row in plan if row[2] in ("task_queue", "dead_letter_queue")} <= {"line", "kept"}
    assert all("Using index" in str(row[-1]) for row in plan if row[2] in ("task_queue", "dead_letter_queue"))


def test_a_lease_costs_the_same_with_and_without_a_backlog(queue, runner, execute):
    alone = runner.run(cost_of_leases(queue, rounds=3))
    pile_up(execute, waiting=20_000, later=20_000, dead=20_000)

    beside_a_backlog = runner.run(cost_of_leases(queue, rounds=3))

    assert max(beside_a_backlog) <= 1.5 * max(alone)


@pytest.mark.full
def test_a_million_waiting_messages_cost_a_lease_nothing(queue, runner, execute):
    pile_up(execute, waiting=1_000_000, later=1_000, dead=100_000)

    costs_by_guess = runner.run(cost_of_leases(queue, rounds=10))
    execute("ANALYZE TABLE task_queue, dead_letter_queue")
    costs_by_knowledge = runner.run(cost_of_leases(queue, rounds=10))
    plan = runner.run(explain(queue, queue._sql("take", **VALUES)))

    assert max(*costs_by_guess, *costs_by_knowledge) <= 10 * LIMIT
    assert [row for row in plan if "filesort" in str(row[-1])] == []


def pile_up(execute, **counts: int) -> None:
    """Behind what is leased: due later than anything a test enqueues."""
    insert = "INSERT INTO {} (id, queue, {} header, body) SELECT CONCAT('{}-', seq), 'one', {} REPEAT('h', 130), 'b'"
    dues = {"waiting": "NOW(6)", "later": "NOW(6) + INTERVAL 1 DAY"}
    for name, due in ((name, dues[name]) for name in counts.keys() & dues):
        statement = insert.format("task_queue", "due,", name, f"{due},")
        execute(f"{statement} FROM {numbered(counts[name])}")
    if "dead" in counts:
        columns, values = "seq, state, leases, attempt, failures,", "seq, 'dead', 1, 1, 0,"
        execute(f"{insert.format('dead_letter_queue', columns, 'dead', values)} FROM {numbered(counts['dead'])}")


def numbered(count: int) -> str:
    """A table of the numbers from 1 on, up to a million."""
    digits = "JSON_TABLE('{}', '$[*]' COLUMNS (n INT PATH '$')) AS {}".format
    every = f"SELECT 1000 * high.n + low.n + 1 AS seq FROM {digits(THOUSAND, 'high')}, {digits(THOUSAND, 'low')}"
    return f"({every} WHERE 1000 * high.n + low.n < {count}) AS numbers"


async def cost_of_leases(queue: MySQLQueue, *, rounds: int) -> Sequence[int]:
    """How many rows the server reads for a lease, in rounds of leasing and settling."""
    numbers = itertools.count()
    costs: list[int] = []
    for _ in range(rounds):
        fresh = [Message(f"{id(costs)}-{next(numbers)}", "one", task="t", body=b"b") for _ in range(LIMIT)]
        assert await queue.enqueue(fresh) == []
        before = await reads(queue)
        leases = await queue.lease(["one", "two"], limit=LIMIT, lease_seconds=30, owner="test")
        costs.append(await reads(queue) - before)
        assert len(leases) == LIMIT
        assert await queue.settle([Ack(held) for held in leases]) == []
    return costs


async def reads(queue: MySQLQueue) -> int:
    async def work(connection: Connection):
        return (await connection.run(b"SHOW SESSION STATUS LIKE 'Handler_read%'"))[0].rows

    assert len(queue._pool._all) == 1, "the counters are those of one connection"
    return sum(int(value) for _, value in await queue._pool.read(work))
