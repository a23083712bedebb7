"""A queue on a file of its own, on a loop and a clock of the test's."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from asynctasq.adapters.sqlite.queue import SqliteQueue
from asynctasq.testing import ManualClock


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".asynctasq" / "queue.db"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def queue(path: Path, clock: ManualClock, runner: asyncio.Runner) -> Iterator[SqliteQueue]:
    queue = SqliteQueue(path, clock=clock)
    runner.run(queue.open())
    yield queue
    runner.run(queue.close())
