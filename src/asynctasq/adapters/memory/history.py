"""Completed tasks of this process."""

import time
from collections.abc import Sequence

from asynctasq.domain.errors import Closed
from asynctasq.domain.record import TaskRecord
from asynctasq.ports.history import KEEP_COUNT, KEEP_SECONDS, History


class MemoryHistory(History):
    def __init__(self, *, keep_count: int = KEEP_COUNT, keep_seconds: float = KEEP_SECONDS) -> None:
        self._keep_count = keep_count
        self._keep_seconds = keep_seconds
        self._records: dict[str, TaskRecord] = {}
        self._closed = False

    async def open(self) -> None:
        await self.ping()

    async def close(self) -> None:
        self._closed = True

    async def ping(self) -> None:
        if self._closed:
            raise Closed("the history was closed")

    async def append(self, records: Sequence[TaskRecord]) -> None:
        await self.ping()
        for record in records:
            self._records.pop(record.id, None)
            self._records[record.id] = record
        self._forget()

    async def find(self, id: str) -> TaskRecord | None:
        await self.ping()
        self._forget()
        return self._records.get(id)

    def _forget(self) -> None:
        oldest = time.time() - self._keep_seconds
        while self._records:
            first = next(iter(self._records.values()))
            if len(self._records) <= self._keep_count and first.finished_at >= oldest:
                return
            del self._records[first.id]
