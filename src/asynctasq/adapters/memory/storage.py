"""What memory queues hold. Clients share a storage as processes share a broker; all live on one event loop."""

import asyncio
import math
from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from itertools import count

from attrs import define, field

from asynctasq.adapters.memory.line import Line
from asynctasq.domain.lease import Defect
from asynctasq.domain.lifecycle import State
from asynctasq.domain.message import IdempotencyKey, Message
from asynctasq.domain.outcome import ErrorInfo


@define(eq=False, kw_only=True)
class Entry:
    """A message and what became of it. `until` is when it is due, or while it runs when its lease ends.

    A lease that has ended leaves `until` as it is: since that instant the message can be leased again.
    """

    message: Message
    sequence: int
    defect: Defect | None = None
    state: State = State.PENDING
    until: float = 0.0
    attempt: int = 0
    failures: int = 0
    skewed_seconds: float = 0.0
    token: str = ""
    owner: str | None = None
    error: ErrorInfo | None = None


@define(eq=False)
class MemoryStorage:
    """Every entry stands in one line, that of its queue and state."""

    entries: dict[str, Entry] = field(factory=dict[str, Entry], init=False)
    _last_numbers: dict[str, int] = field(factory=dict[str, int], init=False)
    """Of each sender. Not many: they live in this process too."""
    _lines: defaultdict[tuple[str, State], Line] = field(factory=lambda: defaultdict(Line), init=False)
    _numbers: Iterator[int] = field(factory=lambda: count(1), init=False)
    _bells: set[asyncio.Event] = field(factory=set[asyncio.Event], init=False)

    def add(self, message: Message, now: float, *, defect: Defect | None = None) -> None:
        entry = Entry(message=copy(message), sequence=next(self._numbers), defect=defect)
        self.entries[message.id] = entry
        self._join(entry, State.SCHEDULED, now + message.delay_seconds, now)

    def is_new(self, key: IdempotencyKey) -> bool:
        """Whether this is not the last call of its sender once more. From now on it is the last."""
        last, self._last_numbers[key.sender] = self._last_numbers.get(key.sender), key.number
        return last != key.number

    def move(self, entry: Entry, state: State, until: float, now: float) -> None:
        self._lines[entry.message.queue, entry.state].leave(entry.message.id)
        self._join(entry, state, until, now)

    def forget(self, entry: Entry) -> None:
        del self.entries[entry.message.id]
        self._lines[entry.message.queue, entry.state].leave(entry.message.id)

    def new_token(self) -> str:
        return str(next(self._numbers))

    def line(self, queue: str, state: State, now: float) -> Line:
        """A line after everything of its queue that is due or expired by now has moved to the pending one."""
        for early in (State.SCHEDULED, State.RUNNING):
            line = self._lines[queue, early]
            while (place := line.first()) and place[0][0] <= now:
                entry = self.entries[place[1]]
                self.move(entry, State.PENDING, entry.until, now)
        return self._lines[queue, state]

    def queues(self) -> Sequence[str]:
        return sorted({queue for (queue, _), line in self._lines.items() if line})

    def next_instant(self, queues: Sequence[str]) -> float:
        """When the first message of these queues becomes due or its lease ends."""
        lines = [self._lines[queue, state] for queue in queues for state in (State.SCHEDULED, State.RUNNING)]
        return min((place[0][0] for line in lines if (place := line.first())), default=math.inf)

    @contextmanager
    def bell(self) -> Generator[asyncio.Event]:
        """An event that is set by the next `ring`."""
        bell = asyncio.Event()
        self._bells.add(bell)
        try:
            yield bell
        finally:
            self._bells.discard(bell)

    def ring(self) -> None:
        """Tell who waits that something has changed."""
        for bell in self._bells:
            bell.set()

    def _join(self, entry: Entry, state: State, until: float, now: float) -> None:
        entry.state = State.PENDING if state is State.SCHEDULED and until <= now else state
        entry.until = until
        rank = (-entry.message.priority,) if entry.state is State.PENDING else ()
        line = self._lines[entry.message.queue, entry.state]
        line.join(entry.message.id, (*rank, until, entry.sequence))


def copy(message: Message) -> Message:
    """The message as it came, so that whoever holds the original changes nothing here; its delay is in `until`."""
    return Message(
        message.id,
        message.queue,
        task=message.task,
        body=message.body,
        headers=dict(message.headers),
        policy=message.policy,
        priority=message.priority,
    )
