"""Completed tasks in a file beside the queue's, so that writing them never holds up the queue."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from attrs import asdict

from asynctasq.adapters.sqlite.faults import fault
from asynctasq.adapters.sqlite.statements import sql
from asynctasq.domain.errors import Closed, Unavailable
from asynctasq.domain.record import TaskRecord
from asynctasq.ports.history import KEEP_COUNT, KEEP_SECONDS, History

T = TypeVar("T")

SUFFIX = ".history.db"
PATIENCE_SECONDS = 2.0


class SqliteHistory(History):
    """In a thread of the loop's own, because here SQLite may sleep; a connection for each call outlives no fork."""

    def __init__(self, queue: Path, *, keep_count: int = KEEP_COUNT, keep_seconds: float = KEEP_SECONDS) -> None:
        self._path = queue.with_suffix(SUFFIX)
        self._keep_count = keep_count
        self._keep_seconds = keep_seconds
        self._closed = False

    def __str__(self) -> str:
        return f"history {self._path}"

    async def open(self) -> None:
        await self._do(lambda connection: connection.executescript(sql("history_schema")))

    async def close(self) -> None:
        self._closed = True

    async def ping(self) -> None:
        await self._do(lambda connection: connection.execute("SELECT 1"))

    async def append(self, records: Sequence[TaskRecord]) -> None:
        rows = [(record.id, record.finished_at, json.dumps(asdict(record))) for record in records]

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(sql("history_append"), rows)
            connection.execute(sql("history_forget_old"), (time.time() - self._keep_seconds,))
            connection.execute(sql("history_forget_many"), (self._keep_count,))

        await self._do(write)

    async def find(self, id: str) -> TaskRecord | None:
        since = time.time() - self._keep_seconds
        row = await self._do(lambda connection: connection.execute(sql("history_find"), (id, since)).fetchone())
        return None if row is None else TaskRecord(**json.loads(row[0]))

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._closed:
            raise Closed(f"{self} was closed")
        return await asyncio.to_thread(self._at_once, work)

    def _at_once(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, timeout=PATIENCE_SECONDS)) as connection, connection:
                # A record that a power cut takes away is one of those that may be missing.
                connection.execute("PRAGMA synchronous = OFF")
                return work(connection)
        except sqlite3.Error as error:
            raise Unavailable(fault(error, self._path)) from error
        except OSError as error:
            raise Unavailable(f"{self} cannot be used: {error.strerror}") from error
