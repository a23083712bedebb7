"""Looking for work, and claiming it: both in one round trip where the claim before tells where to reach first."""

import json
from collections.abc import Sequence

from attrs import field, frozen

from asynctasq.adapters.mysql.connection import Connection, Row
from asynctasq.adapters.mysql.lines import Line, Lines, Outlook, heads, outlook
from asynctasq.adapters.mysql.literals import microseconds
from asynctasq.adapters.mysql.packing import lease
from asynctasq.adapters.mysql.statements import BEGIN, COMMIT, ROLLBACK, Statements
from asynctasq.domain.lease import Lease

MAX_LEASES = 1000
LONGEST_OWNER = 255


@frozen(kw_only=True)
class Wish:
    """What a lease asks for. `guess` is the line that probably has it."""

    queues: tuple[str, ...]
    limit: int = field(converter=lambda limit: min(limit, MAX_LEASES))
    lease_seconds: float
    owner: str
    guess: Line


@frozen
class Claim:
    leases: Sequence[Lease]
    outlook: Outlook


async def look(connection: Connection, lines: Lines, queues: tuple[str, ...], *before: bytes) -> Outlook:
    """Where there is something to take, without a lock: idle workers do not get in anybody's way.

    `before` are statements that go first, in the same packet.
    """
    question = lines.look(queues)
    answer = (await connection.run(*before, question.statement))[-1]
    found = heads(queues, answer.rows)
    if lines.learn(question, found):
        return await look(connection, lines, queues)
    return outlook(found)


async def claim(connection: Connection, statements: Statements, lines: Lines, wish: Wish) -> Claim:
    """Nothing if there is nothing, or if others were quicker."""
    first, seen = await _reach(connection, statements, lines, wish)
    is_right = list(seen.ready[:1]) == [wish.guess]
    rows = list(first) if is_right else []
    # One after the other, as it depends on what the first lines hold whether the next ones are touched.
    for line in seen.ready[is_right:]:
        if len(rows) == wish.limit:
            break
        rows += (await connection.run(_take(statements, line, wish.limit - len(rows))))[0].rows
    if rows:
        await connection.run(_lease(statements, rows, wish), COMMIT)
    else:
        await connection.run(ROLLBACK)
    return Claim([lease(row, wish.lease_seconds) for row in rows], seen)


async def _reach(
    connection: Connection, statements: Statements, lines: Lines, wish: Wish
) -> tuple[Sequence[Row], Outlook]:
    """The first of the guessed line, held still; and by a look of the same moment, whether that was the right one."""
    question = lines.look(wish.queues)
    _, first, answer = await connection.run(BEGIN, _take(statements, wish.guess, wish.limit), question.statement)
    found = heads(wish.queues, answer.rows)
    if lines.learn(question, found):
        return first.rows, await look(connection, lines, wish.queues)
    return first.rows, outlook(found)


def _take(statements: Statements, line: Line, limit: int) -> bytes:
    return statements("take", queue=line.queue, tier=line.tier, limit=limit)


def _lease(statements: Statements, rows: Sequence[Row], wish: Wish) -> bytes:
    return statements(
        "lease",
        tokens=json.dumps([row[:2] for row in rows]),
        owner=wish.owner[:LONGEST_OWNER],
        microseconds=microseconds(wish.lease_seconds),
    )
