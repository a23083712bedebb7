"""Whoever waits hears of every change, and asks SQLite only when there may be one."""

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from asynctasq.adapters.sqlite.connection import Connection
from asynctasq.adapters.sqlite.queue import SqliteQueue
from asynctasq.adapters.sqlite.watch import RIPE_SECONDS, Sight, Watch
from asynctasq.testing import ManualClock

LOOK_COUNT = 3
PATIENCE_SECONDS = 10


class Watched(Watch):
    """Counts its looks, and how many of them went on to SQLite."""

    looks = 0
    asked = 0
    looked_often: asyncio.Event

    def _written_at(self) -> int:
        self.looks += 1
        if self.looks == LOOK_COUNT:
            self.looked_often.set()
        return super()._written_at()

    def _has_changed(self, since: Sight) -> bool:
        self.asked += 1
        return super()._has_changed(since)


def change(path: Path) -> None:
    with closing(sqlite3.connect(path)) as elsewhere, elsewhere:
        elsewhere.execute("CREATE TABLE news (x)")


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


@pytest.fixture
def watch(queue: SqliteQueue, path: Path, runner: asyncio.Runner) -> Iterator[Watched]:
    connection = Connection(path, "normal")
    runner.run(connection.open())
    yield Watched(connection, ManualClock())
    connection.close()


async def waiting(watch: Watched) -> asyncio.Task[None]:
    """Somebody who has looked several times and seen nothing."""
    watch.looked_often = asyncio.Event()
    news = asyncio.create_task(watch.news(await watch.sight(), until=float("inf")))
    await watch.looked_often.wait()
    assert not news.done()
    return news


def test_sqlite_is_asked_once_while_nobody_writes_to_its_log(watch: Watched, path: Path, runner: asyncio.Runner):
    async def wait() -> int:
        long_ago = log_of(path).stat().st_mtime - RIPE_SECONDS - 1
        os.utime(log_of(path), (long_ago, long_ago))
        news = await waiting(watch)
        asked = watch.asked
        change(path)
        await asyncio.wait_for(news, PATIENCE_SECONDS)
        return asked

    assert runner.run(wait()) == 1


def test_a_second_change_at_the_same_instant_is_seen(watch: Watched, path: Path, runner: asyncio.Runner):
    async def wait() -> None:
        written = log_of(path).stat()
        news = await waiting(watch)
        change(path)
        os.utime(log_of(path), ns=(written.st_atime_ns, written.st_mtime_ns))
        await asyncio.wait_for(news, PATIENCE_SECONDS)

    runner.run(wait())
