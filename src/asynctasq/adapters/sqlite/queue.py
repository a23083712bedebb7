"""The four verbs on one SQLite file. Each is one transaction, so there is no halfway."""

import asyncio
import json
import math
import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from attrs import frozen

from asynctasq.adapters.sqlite.admin import SqliteAdmin
from asynctasq.adapters.sqlite.connection import Connection
from asynctasq.adapters.sqlite.packing import insert, seq_and_leases, take
from asynctasq.adapters.sqlite.settling import apply, extend, refused_leases, refused_verdicts
from asynctasq.adapters.sqlite.statements import sql
from asynctasq.adapters.sqlite.watch import Sight, Watch
from asynctasq.domain.lease import Lease
from asynctasq.domain.message import IdempotencyKey, Message
from asynctasq.domain.verdict import Reason, Refusal, Verdict
from asynctasq.ports.clock import Clock
from asynctasq.ports.queue import Capabilities, Queue

T = TypeVar("T")
Change = Callable[[sqlite3.Connection, Sequence[T], float], bool]
"""Do it to all of a batch, and say whether that was possible."""
Refused = Callable[[sqlite3.Connection, Sequence[T], float], Mapping[int, Refusal]]
"""Which of a batch cannot be done, by position."""

MAX_BODY_BYTES = 64 * 1024 * 1024
MAX_LEASES = 1000


class _WallClock(Clock):
    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@frozen
class _Outlook:
    """What a look without a lock showed: queues with something to take, and when time alone will bring more."""

    queues: Sequence[str]
    next_due: float


class _Incomplete(Exception):
    """Part of a batch has to be refused, so the transaction that tried all of it is rolled back."""


class SqliteQueue(Queue):
    """Any number of dispatching and working processes of one machine share the file at `path`.

    They share the machine's clock too: that one is the queue's, and it should not be set back by hand while
    messages wait. `synchronous` is `full` (durable through a power cut) or `normal` (through the death of any process).
    """

    # SQLite could hold more; but a body crosses the broker's loop in one piece, and others wait meanwhile.
    capabilities = Capabilities(remembers_senders=False, max_body_bytes=MAX_BODY_BYTES)

    def __init__(self, path: str | os.PathLike[str], *, synchronous: str = "full", clock: Clock | None = None) -> None:
        self.path = Path(path).absolute()
        self._clock = clock or _WallClock()
        self._connection = Connection(self.path, synchronous)
        self._watch = Watch(self._connection, self._clock)
        self._admin = SqliteAdmin(self._connection, self._clock, self._watch.ring)

    def __str__(self) -> str:
        return f"sqlite {self.path}"

    def __repr__(self) -> str:
        return f"<SqliteQueue {self.path}>"

    @property
    def admin(self) -> SqliteAdmin:
        return self._admin

    async def open(self) -> None:
        await self._connection.open()

    async def close(self) -> None:
        self._connection.close()
        self._watch.ring()

    async def ping(self) -> None:
        await self._watch.sight()

    async def enqueue(
        self,
        messages: Sequence[Message],
        *,
        key: IdempotencyKey | None = None,  # noqa: ARG002 - no answer gets lost within a process
    ) -> Sequence[Refusal]:
        objections = {at: refusal for at, message in enumerate(messages) if (refusal := _objection(message))}
        refusals, accepted = _divided(messages, objections)
        return [*refusals, *await self._change(accepted, _insert_all, _duplicates)]

    async def lease(
        self, queues: Sequence[str], *, limit: int, lease_seconds: float, owner: str, wait: float = 0.0
    ) -> Sequence[Lease]:
        names = list(dict.fromkeys(queues))
        deadline = self._clock.now() + wait
        sight: Sight | None = None
        while True:
            # Idle workers look without a lock and do not fight for the one that writers need.
            outlook = await self._connection.read(lambda connection: self._look(connection, names))
            if outlook.queues and (leases := await self._take(outlook, limit, lease_seconds, owner)):
                return leases
            if self._clock.now() >= deadline:
                return []
            if sight:
                await self._watch.news(sight, until=min(deadline, outlook.next_due))
            sight = await self._watch.sight()

    async def extend(self, leases: Sequence[Lease], *, lease_seconds: float) -> Sequence[Refusal]:
        return await self._change(leases, partial(extend, lease_seconds=lease_seconds), refused_leases)

    async def settle(self, verdicts: Sequence[Verdict]) -> Sequence[Refusal]:
        return await self._change(verdicts, apply, refused_verdicts)

    async def _change(self, items: Sequence[T], change: Change[T], refused: Refused[T]) -> Sequence[Refusal]:
        """Most batches have nothing to refuse, so all is tried first and looked into only if that was too much."""

        def all_at_once(connection: sqlite3.Connection) -> Sequence[Refusal]:
            if not change(connection, items, self._clock.now()):
                raise _Incomplete
            return []

        def the_acceptable(connection: sqlite3.Connection) -> Sequence[Refusal]:
            now = self._clock.now()
            refusals, accepted = _divided(items, refused(connection, items, now))
            change(connection, accepted, now)
            return refusals

        if not items:
            return []
        try:
            refusals = await self._connection.write(all_at_once)
        except _Incomplete:
            refusals = await self._connection.write(the_acceptable)
        self._watch.ring()
        return refusals

    async def _take(self, outlook: _Outlook, limit: int, lease_seconds: float, owner: str) -> Sequence[Lease]:
        def lease(connection: sqlite3.Connection) -> Sequence[Lease]:
            now = self._clock.now()
            if outlook.next_due <= now:
                connection.execute(sql("promote"), {"now": now, "queues": json.dumps(outlook.queues)})
            leases: list[Lease] = []
            for queue in outlook.queues:
                if room := min(limit, MAX_LEASES) - len(leases):
                    leases += take(connection, queue, room, lease_seconds)
            seqs = json.dumps([seq_and_leases(lease)[0] for lease in leases])
            connection.execute(sql("lease"), {"seqs": seqs, "owner": owner, "until": now + lease_seconds})
            return leases

        # Cancelled while it waits for the lock, this has leased nothing; from there on it cannot be cancelled.
        # A power cut that takes a lease back has ended its worker too: the message is due again (ADR-0007).
        return await self._connection.write_lightly(lease)

    def _look(self, connection: sqlite3.Connection, names: Sequence[str]) -> _Outlook:
        parameters = {"now": self._clock.now(), "queues": json.dumps(names)}
        positions, next_due = connection.execute(sql("outlook"), parameters).fetchone()
        order: list[int] = sorted(json.loads(positions))
        return _Outlook([names[position] for position in order], math.inf if next_due is None else next_due)


def _insert_all(connection: sqlite3.Connection, messages: Sequence[Message], now: float) -> bool:
    return insert(connection, messages, now) == len(messages)


def _duplicates(connection: sqlite3.Connection, messages: Sequence[Message], _: float) -> dict[int, Refusal]:
    ids = json.dumps([message.id for message in messages])
    known: set[str] = set(json.loads(connection.execute(sql("known"), {"ids": ids}).fetchone()[0]))
    refusals: dict[int, Refusal] = {}
    for position, message in enumerate(messages):
        if message.id in known:
            refusals[position] = Refusal(message.id, "", Reason.DUPLICATE)
        known.add(message.id)
    return refusals


def _objection(message: Message) -> Refusal | None:
    """Why no file could take this message."""
    if len(message.body) > MAX_BODY_BYTES:
        text = f"the body has {len(message.body)} bytes, the queue takes {MAX_BODY_BYTES}"
        return Refusal(message.id, "", Reason.TOO_LARGE, text)
    if not (_is_storable(message.id) and _is_storable(message.queue)):
        return Refusal(message.id, "", Reason.INVALID, "its id or queue cannot be stored as text")
    return None


def _is_storable(text: str) -> bool:
    """Without a NUL, where SQLite ends a text, and without half a surrogate pair."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _divided(items: Sequence[T], refusals: Mapping[int, Refusal]) -> tuple[list[Refusal], list[T]]:
    accepted = [item for position, item in enumerate(items) if position not in refusals]
    return list(refusals.values()), accepted
