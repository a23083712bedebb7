"""How a waiting lease learns that looking again may pay: something changed here, or elsewhere, or time has passed."""

import asyncio
import os
import sqlite3
import time

from attrs import frozen

from asynctasq.adapters.sqlite.connection import Connection
from asynctasq.domain.errors import AsyncTasQError
from asynctasq.ports.clock import Clock

POLL_SECONDS = 0.02
RIPE_SECONDS = 2.0
"""After so long without a write to its log no commit to the file is under way, nor two writes at one instant."""


@frozen
class Sight:
    """How far a look has seen: the changes made through this client, and those made through others."""

    own: int
    others: int


class Watch:
    """Polls for other processes' changes only while somebody waits, by plain callbacks: idle workers cost little.

    SQLite itself is asked again only if its write-ahead log was written to, which one look at the file system tells.
    """

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._log = f"{connection.path}-wal"
        self._clock = clock
        self._own = 0
        self._waiting: set[asyncio.Future[None]] = set()

    async def sight(self) -> Sight:
        """To be taken before looking, so that what happens during the look is news."""
        return Sight(self._own, await self._connection.read(_data_version))

    def ring(self) -> None:
        """Something changed through this client."""
        self._own += 1
        for news in self._waiting:
            if not news.done():
                news.set_result(None)

    async def news(self, since: Sight, *, until: float) -> None:
        """Return when there is something that `since` has not seen, or at an instant of the queue's clock."""
        loop = asyncio.get_running_loop()
        news: asyncio.Future[None] = loop.create_future()
        quiet_since: int | None = None

        def poll() -> None:
            nonlocal quiet_since
            if news.done():
                return
            left, written_at = until - self._clock.now(), self._written_at()
            if left <= 0 or (written_at != quiet_since and self._has_changed(since)):
                news.set_result(None)
                return
            quiet_since = written_at if _is_ripe(written_at) else None
            loop.call_later(min(left, POLL_SECONDS), poll)

        self._waiting.add(news)
        try:
            poll()
            await news
        finally:
            self._waiting.discard(news)

    def _written_at(self) -> int:
        """When the log was last written to, in nanoseconds; 0 if there is none."""
        try:
            return os.stat(self._log).st_mtime_ns  # noqa: PTH116 - fifty times a second, so the quicker of two ways
        except OSError:
            return 0

    def _has_changed(self, since: Sight) -> bool:
        try:
            return Sight(self._own, self._connection.at_once(_data_version)) != since
        except (AsyncTasQError, sqlite3.Error):
            # The next look meets the same trouble, where there is somebody to tell.
            return True


def _is_ripe(written_at: int) -> bool:
    return 0 < written_at < time.time_ns() - RIPE_SECONDS * 1e9


def _data_version(connection: sqlite3.Connection) -> int:
    """Another one after every commit through another connection."""
    return connection.execute("PRAGMA data_version").fetchone()[0]
