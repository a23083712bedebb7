"""One connection to one file: transactions, patience with other processes' locks, forks.

Every call is made on the loop of the caller. That is the broker's, in a thread of its own that does nothing but
I/O, and a transaction takes a few milliseconds; handing each over to one more thread would cost more. What must not
happen is that SQLite sleeps for another process's lock inside a call, so its busy handler is off and we wait here.
"""

import asyncio
import os
import random
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from asynctasq.adapters.sqlite.faults import fault, is_locked, lasting_fault
from asynctasq.adapters.sqlite.schema import check_library, prepare_file, prepare_folder
from asynctasq.domain.errors import Closed, ConfigurationError, Unavailable

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
"""Done within one call, without an await: nothing can cancel it halfway."""

SYNCHRONOUS = {"normal": "PRAGMA synchronous = NORMAL", "full": "PRAGMA synchronous = FULL"}
PATIENCE_SECONDS = 5.0
FIRST_PAUSE_SECONDS = 0.0005
LONGEST_PAUSE_SECONDS = 0.005

NOT_OPENED = "has not been opened"
CLOSED = "was closed"

_undivided = threading.Lock()
"""Held during each call, and by whoever forks."""


class Connection:
    """Opened at need, let go before a fork and at the end."""

    def __init__(self, path: Path, synchronous: str) -> None:
        if synchronous not in SYNCHRONOUS:
            raise ConfigurationError(f"sqlite synchronous={synchronous!r}: must be one of {', '.join(SYNCHRONOUS)}")
        self.path = path
        self._synchronous = synchronous
        self._connection: sqlite3.Connection | None = None
        self._file = (0, 0)
        self._absence: str | None = NOT_OPENED

    async def open(self) -> None:
        if self._absence == CLOSED:
            raise Closed(f"{self.path} {CLOSED}")
        check_library()
        prepare_folder(self.path)
        before, self._absence = self._absence, None
        try:
            # A file that cannot be written opens all the same, and even begins a transaction.
            await self.write(lambda connection: connection.execute("DELETE FROM message WHERE seq < 0"))
        except BaseException as error:
            self._absence = before
            with _undivided:
                self.let_go()
            if isinstance(error.__cause__, sqlite3.Error) and (text := lasting_fault(error.__cause__, self.path)):
                raise ConfigurationError(text) from error.__cause__
            raise

    def close(self) -> None:
        self._absence = CLOSED
        with _undivided:
            self.let_go()

    def let_go(self) -> None:
        """End the connection; the next call makes another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            _connected.discard(self)

    def at_once(self, work: Work[T]) -> T:
        """`work` without patience and without words for an error."""
        with _undivided:
            return work(self._present())

    async def read(self, work: Work[T]) -> T:
        return await self._patiently(work)

    async def write(self, work: Work[T]) -> T:
        """`work` in one transaction: all of it is durable when this returns, none if it raises."""
        return await self._in_transaction(work, self._synchronous)

    async def write_lightly(self, work: Work[T]) -> T:
        """The same, but a power cut may take it back, as long as no `write` has followed."""
        return await self._in_transaction(work, "normal")

    async def _in_transaction(self, work: Work[T], synchronous: str) -> T:
        def transaction(connection: sqlite3.Connection) -> T:
            connection.execute(SYNCHRONOUS[synchronous])
            connection.execute("BEGIN IMMEDIATE")
            # Leaving the block commits, or rolls back if it raised.
            with connection:
                return work(connection)

        return await self._patiently(transaction)

    async def _patiently(self, work: Work[T]) -> T:
        """`work`, and again as long as another process holds the lock that it needs."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return self.at_once(work)
            except sqlite3.Error as error:
                if not is_locked(error) or time.monotonic() >= deadline:
                    raise Unavailable(fault(error, self.path)) from error
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _present(self) -> sqlite3.Connection:
        if self._absence:
            raise Closed(f"{self.path} {self._absence}")
        if self._connection is None:
            self._connection = self._connect()
            self._file = _identity(self.path)
            _connected.add(self)
        elif _identity(self.path) != self._file:
            # SQLite would go on writing into a file that nobody finds again.
            raise Unavailable(f"{self.path} was deleted or replaced while in use: put it back or restart this process")
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        # Not bound to this thread: a fork in another one ends it.
        connection = sqlite3.connect(self.path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            # What somebody else wrote into the file must not make a lease raise.
            connection.text_factory = _decode
            prepare_file(connection, self.path)
        except BaseException:
            connection.close()
            raise
        return connection


def _identity(path: Path) -> tuple[int, int]:
    try:
        status = os.stat(path)  # noqa: PTH116 - at every call, so the quicker of two ways
    except OSError:
        return 0, 0
    return status.st_dev, status.st_ino


def _decode(data: bytes) -> str:
    return data.decode(errors="replace")


# SQLite takes a lock once per process and file. A child that inherits its books believes to hold what only its parent
# holds; when the parent ends, the child writes into a log that is already deleted, and its messages are lost.
_connected: "weakref.WeakSet[Connection]" = weakref.WeakSet()


def _let_go_all() -> None:
    _undivided.acquire()
    for connection in tuple(_connected):
        connection.let_go()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_let_go_all, after_in_parent=_undivided.release, after_in_child=_undivided.release)
