"""What really ran, as the tasks themselves wrote it down: a file that knows no queue.

An entry is one write to a file opened for appending, and on the disk before its writer goes on.
"""

import json
import math
import os
import time
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from attrs import asdict, frozen

SETTLED_WITHIN_SECONDS = 1.0
"""How long before a worker's death a task may have ended whose settlement died with it."""
AT_ONCE_SECONDS = 0.1
"""How long after it wrote down its own death a process may have gone on."""


@frozen(kw_only=True)
class Entry:
    """`at` is on the machine's monotonic clock; `pid` is who did it or, if killed or frozen, whom it happened to."""

    event: str
    pid: int
    at: float
    id: str = ""
    index: int = -1
    attempt: int = 0


def note(event: str, *, pid: int | None = None, id: str = "", index: int = -1, attempt: int = 0) -> None:
    """Write an entry into the file that LEDGER names."""
    entry = Entry(event=event, pid=pid or os.getpid(), at=time.monotonic(), id=id, index=index, attempt=attempt)
    file = os.open(os.environ["LEDGER"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(file, json.dumps(asdict(entry)).encode() + b"\n")
        os.fsync(file)
    finally:
        os.close(file)


class Ledger:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._entries: list[Entry] = []
        self._read_bytes = 0

    def entries(self, event: str) -> list[Entry]:
        """In the order in which they were written."""
        self._read_on()
        return [entry for entry in self._entries if entry.event == event]

    def _read_on(self) -> None:
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self._read_bytes)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._read_bytes += len(line)
                self._entries.append(Entry(**json.loads(line)))

    def indexes(self, event: str) -> list[int]:
        return [entry.index for entry in self.entries(event)]

    @property
    def outstanding(self) -> set[str]:
        """The ids that `dispatch()` returned and that have not run to their end."""
        return {entry.id for entry in self.entries("dispatched")} - {entry.id for entry in self.entries("finished")}

    def faults(self, *, copies: bool = False) -> list[str]:
        """How the promise was broken: each id runs to its end, and again only if its worker was hit or cut off.

        A hit is a kill or a freeze, and a broker that is away cuts off all workers. A queue that gives a message back
        as a copy (`copies`) may be left with two of it by any fault, and the second runs when it likes.
        """
        lost = [f"lost: {id}" for id in sorted(self.outstanding)]
        needless = self._needless_repetitions(copies=copies)
        return lost + [f"repeated: {start.id} ran well on {start.pid}" for start in needless]

    def repetitions(self) -> list[Entry]:
        """Every start that was followed by another one of the same message, and had not asked for it."""
        starts: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries("started"):
            starts[entry.id].append(entry)
        wanted = {(entry.id, entry.attempt) for entry in self.entries("asked again")}
        repeated = (start for of_one in starts.values() for start in of_one[:-1])
        return [start for start in repeated if (start.id, start.attempt) not in wanted]

    def overlaps(self, *, slack_seconds: float, copies: bool = False) -> list[str]:
        """Runs of one message at the same time, the earlier of which had every reason to believe in its lease.

        Of two copies (see `faults`) each has a lease of its own.
        """
        runs: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries("started"):
            runs[entry.id].append(entry)
        ends = {(entry.id, entry.pid, entry.attempt): entry.at for entry in self.entries("left")}
        hits, outages = self._hits(), self.outages()
        overlapping: list[str] = []
        for earlier, later in ((a, b) for of_one in runs.values() for a, b in pairwise(of_one)):
            end = ends.get((earlier.id, earlier.pid, earlier.attempt))
            if end is None or end <= later.at or _was_hit(earlier, end, hits[earlier.pid]):
                continue
            if copies and self._may_be_two(earlier.id, later.at):
                continue
            if not _was_cut_off(earlier, end, outages) or end - later.at > slack_seconds:
                overlapping.append(f"{earlier.id} ran on {earlier.pid} and {later.pid} for {end - later.at:.2f} s")
        return overlapping

    def outages(self) -> list[tuple[float, float]]:
        """From when to when the broker was out of reach."""
        return list(zip(*([entry.at for entry in self.entries(event)] for event in ("down", "up")), strict=True))

    def _hits(self) -> defaultdict[int, list[float]]:
        hits: defaultdict[int, list[float]] = defaultdict(list)
        for entry in (entry for event in ("killed", "frozen", "thawed") for entry in self.entries(event)):
            hits[entry.pid].append(entry.at)
        return hits

    def _may_be_two(self, id: str, until: float) -> bool:
        """Whether there was any fault since this message was dispatched."""
        since = min((entry.at for entry in self.entries("dispatched") if entry.id == id), default=until)
        faults = [entry.at for event in ("killed", "frozen", "down") for entry in self.entries(event)]
        return any(since - AT_ONCE_SECONDS <= at <= until for at in faults)

    def _needless_repetitions(self, *, copies: bool) -> list[Entry]:
        hits, outages = self._hits(), self.outages()
        ends = {(entry.id, entry.pid, entry.attempt): entry.at for entry in self.entries("finished")}
        needless: list[Entry] = []
        for start in self.repetitions():
            end = ends.get((start.id, start.pid, start.attempt))
            copied = copies and self._may_be_two(start.id, end or start.at)
            if not (copied or _was_hit(start, end, hits[start.pid]) or _was_cut_off(start, end, outages)):
                needless.append(start)
        return needless


def _was_cut_off(start: Entry, ended_at: float | None, outages: Sequence[tuple[float, float]]) -> bool:
    """Whether the broker was away between its start and its settlement."""
    settled_at = math.inf if ended_at is None else ended_at + SETTLED_WITHIN_SECONDS
    return any(down_at <= settled_at and start.at <= up_at for down_at, up_at in outages)


def _was_hit(start: Entry, ended_at: float | None, hits: Sequence[float]) -> bool:
    """Whether its worker was killed or frozen between its start and its settlement."""
    settled_at = math.inf if ended_at is None else ended_at + SETTLED_WITHIN_SECONDS
    return any(start.at - AT_ONCE_SECONDS <= hit_at <= settled_at for hit_at in hits)


def last(entries: Sequence[Entry]) -> float:
    """When the last of them was written."""
    return max(entry.at for entry in entries)
