"""Where to look for messages: in a queue, those of one priority form a line, and the index holds the lines in order.

The server would read all of the index to find where each line begins. So this side remembers which lines a queue has,
and asks for the first message of each and of every gap between them: that finds a line nobody has heard of, too.
"""

from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from asynctasq.adapters.mysql.connection import Row
from asynctasq.adapters.mysql.literals import Fragment
from asynctasq.adapters.mysql.statements import Statements

BEYOND_TIERS = 32767
"""More than the highest, and with a minus less than the lowest."""
UNION = b" UNION ALL "
OR = b" OR "


@frozen
class Line:
    queue: str
    tier: int


@frozen
class Head:
    """The first message of a line, and how long until it is due."""

    line: Line
    at: int
    due_in_microseconds: int


@frozen
class Outlook:
    """The lines that have something to take, in the order in which to take it; and when time alone will bring more."""

    ready: Sequence[Line]
    due_in_seconds: float


@frozen
class Look:
    """A statement, and what was known when it was written: the tiers of each queue."""

    known: Mapping[str, Sequence[int]]
    statement: bytes
    news: Fragment
    """Whether it would find something to take, or a line that was not known."""


class Lines:
    def __init__(self, statements: Statements) -> None:
        self._statements = statements
        self._tiers: dict[str, Sequence[int]] = {}
        self._looks: dict[tuple[str, ...], Look] = {}

    def look(self, queues: tuple[str, ...]) -> Look:
        known = {queue: self._tiers.get(queue, (0,)) for queue in queues}
        look = self._looks.get(queues)
        if look is None or look.known != known:
            looks = self._parts("look", "look_between", known)
            watches = self._parts("watch_line", "watch_between", known)
            look = Look(known, UNION.join(looks), Fragment(OR.join(watches)))
            # Idle workers ask the same again and again; others ask in turn.
            self._looks = {queues: look}
        return look

    def learn(self, look: Look, heads: Sequence[Head]) -> bool:
        """Whether there are lines that this look did not know, beyond which there may be more."""
        found: Mapping[str, set[int]] = {queue: {0} for queue in look.known}
        for head in heads:
            found[head.line.queue].add(head.line.tier)
        self._tiers.update((queue, sorted(tiers)) for queue, tiers in found.items())
        return any(not tiers <= set(look.known[queue]) for queue, tiers in found.items())

    def _parts(self, line: str, between: str, known: Mapping[str, Sequence[int]]) -> Iterator[bytes]:
        """A statement for each line and for each gap, in order."""
        for at, (queue, tiers) in enumerate(known.items()):
            above = -BEYOND_TIERS
            for tier in (*tiers, BEYOND_TIERS):
                yield self._statements(between, at=at, queue=queue, above=above, below=tier)
                if tier < BEYOND_TIERS:
                    yield self._statements(line, at=at, queue=queue, tier=tier)
                above = tier


def heads(queues: Sequence[str], rows: Sequence[Row]) -> Sequence[Head]:
    """Of what look.sql found."""
    found: list[Head] = []
    for (text,) in rows:
        at, line_tier, due_in = map(int, text.split())
        found.append(Head(Line(queues[at], line_tier), at, due_in))
    return sorted(found, key=lambda head: (head.at, head.line.tier))


def outlook(heads: Sequence[Head]) -> Outlook:
    """What to take, and when to look again."""
    ready = [head.line for head in heads if head.due_in_microseconds <= 0]
    waits = [head.due_in_microseconds / 1e6 for head in heads if head.due_in_microseconds > 0]
    return Outlook(ready, min(waits, default=float("inf")))


def tier(priority: int) -> int:
    """The most urgent is the first."""
    return max(1 - BEYOND_TIERS, min(-priority, BEYOND_TIERS - 1))
