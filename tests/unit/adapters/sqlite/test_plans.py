"""A backlog never slows a lease: every hot statement finds what it needs in an index, already in order."""

import asyncio
import re
from collections.abc import Sequence

import pytest

from asynctasq.adapters.sqlite.queue import SqliteQueue
from asynctasq.adapters.sqlite.statements import sql
from asynctasq.domain.lease import Lease
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Ack, Bury

HOT = ["enqueue", "known", "outlook", "promote", "take", "lease", "extend", "ack", "settle", "standing"]
BY_ID = ["fetch", "requeue", "cancel", "delete"]
BACKLOG = 10_000


@pytest.mark.parametrize("verb", [*HOT, *BY_ID, "find_kept"])
def test_no_table_is_scanned_and_nothing_is_sorted(queue: SqliteQueue, verb: str):
    plan = _plan(queue, verb)

    assert [step for step in plan if re.search(r"SCAN (message|timed)|TEMP B-TREE", step)] == []


def test_counting_touches_no_message(queue: SqliteQueue):
    plan = _plan(queue, "stats")

    assert {step.split(" (")[0].split(" ", 1)[1] for step in plan if " message " in step} == {
        f"message USING COVERING INDEX {index}" for index in ("ready", "timed", "kept")
    }


def test_a_lease_costs_the_same_with_and_without_a_backlog(queue: SqliteQueue, runner: asyncio.Runner):
    async def cost_of_ten() -> int:
        await queue.enqueue([Message(f"new-{at}", "default", task="t", body=b"") for at in range(10)])
        ticks = _count_instructions(queue)
        leases = await _lease(queue)
        assert len(leases) == 10
        assert await queue.settle([Ack(held) for held in leases]) == []
        return len(ticks)

    async def pile_up() -> None:
        for at in range(0, BACKLOG, 1000):
            doomed = [Message(f"dead-{at + n}", "default", task="t", body=b"") for n in range(1000)]
            later = [Message(f"later-{at + n}", "default", task="t", body=b"", delay_seconds=9) for n in range(1000)]
            await queue.enqueue([*doomed, *later])
            await queue.settle([Bury(held, error=ErrorInfo("E")) for held in await _lease(queue, 1000)])

    alone = runner.run(cost_of_ten())
    runner.run(pile_up())
    beside_a_backlog = runner.run(cost_of_ten())

    assert beside_a_backlog <= alone * 1.2


async def _lease(queue: SqliteQueue, limit: int = 10) -> Sequence[Lease]:
    return await queue.lease(["default"], limit=limit, lease_seconds=30, owner="test")


def _plan(queue: SqliteQueue, verb: str) -> list[str]:
    statement = sql(verb)
    nothing = dict.fromkeys(re.findall(r":(\w+)", statement))
    rows = queue._connection.at_once(lambda raw: raw.execute(f"EXPLAIN QUERY PLAN {statement}", nothing).fetchall())
    return [row[3] for row in rows]


def _count_instructions(queue: SqliteQueue) -> list[None]:
    """One entry for every 10 instructions that SQLite's machine executes from now on."""
    ticks: list[None] = []
    queue._connection.at_once(lambda raw: raw.set_progress_handler(lambda: ticks.append(None), 10))
    return ticks
