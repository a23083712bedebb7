"""What a test does to an SQLite queue."""

import sqlite3
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from asynctasq.adapters.sqlite.queue import SqliteQueue
from asynctasq.ports.queue import Queue
from asynctasq.testing import ManualClock, QueueBench


class SqliteBench(QueueBench):
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name) / "queue.db"
        self.numbers = count(1)

    async def open(self) -> Queue:
        client = SqliteQueue(self.path, clock=self.clock)
        await client.open()
        return client

    async def crash(self, client: Queue) -> None:
        """A client holds nothing outside the file; an open transaction dies with it, and none outlives a verb."""

    async def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    async def inject(self, queue: str, data: bytes) -> None:
        self._execute(
            "INSERT INTO message (id, queue, state, priority, due, header, body) VALUES (?, ?, 'ready', 0, ?, ?, ?)",
            (f"injected-{next(self.numbers)}", queue, self.clock.now(), data, data),
        )

    async def reset(self) -> None:
        if self.path.exists():
            self._execute("DELETE FROM message")

    async def close(self) -> None:
        self.folder.cleanup()

    def _execute(self, statement: str, parameters: tuple[object, ...] = ()) -> None:
        connection = sqlite3.connect(self.path)
        with connection:
            connection.execute(statement, parameters)
        connection.close()
