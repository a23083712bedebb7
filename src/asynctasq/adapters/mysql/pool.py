"""The connections of one queue: borrowed, given back, opened at need, and never shared with a forked child."""

import asyncio
import os
import random
import time
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Any, TypeVar

from asynctasq.adapters.mysql.address import Address, parse
from asynctasq.adapters.mysql.connection import Connection
from asynctasq.adapters.mysql.faults import PASSING, Answered, fault
from asynctasq.adapters.mysql.statements import ROLLBACK
from asynctasq.domain.errors import Closed, ConfigurationError, Unavailable

T = TypeVar("T")
Work = Callable[[Connection], Awaitable[T]]
Undo = Callable[[T], Awaitable[None]]

CLOSED = "was closed"

PATIENCE_SECONDS = 5.0
FIRST_PAUSE_SECONDS = 0.005
LONGEST_PAUSE_SECONDS = 0.1
BORROW_SECONDS = 10.0
LAST_WATCH_SECONDS = 1.0
"""How long a watch may still take when the pool is closed: a server that answers needs less."""
SPARE_SECONDS = 60.0
"""How long a connection beyond the least number may lie idle."""


class Pool:
    """`welcome` is awaited with each new connection, and refuses the server by raising."""

    def __init__(self, dsn: str | None, min_size: int, max_size: int, welcome: Work[None]) -> None:
        self._dsn = dsn
        self._min_size = min_size
        self._max_size = max_size
        self._welcome = welcome
        self._absence: str | None = "has not been opened"
        self._was_let_in = False
        self.forget()
        _pools.add(self)

    @cached_property
    def address(self) -> Address:
        """Raises `ConfigurationError` if there is none that can be used."""
        return parse(self._dsn)

    def forget(self) -> None:
        """Begin anew without touching the connections."""
        self._room = asyncio.Semaphore(self._max_size)
        self._idle: list[tuple[Connection, float]] = []
        self._all: set[Connection] = set()
        self._watches: set[asyncio.Future[Any]] = set()

    async def open(self) -> None:
        if self._absence == CLOSED:
            raise self._closed()
        _ = self.address
        before, self._absence = self._absence, None
        try:
            async with self._borrowed():
                pass
        except BaseException:
            self._absence = before
            raise

    async def close(self) -> None:
        """What is lent is closed when it comes back."""
        self._absence = CLOSED
        await self._end_watches()
        idle, self._idle = self._idle, []
        await asyncio.gather(*(self._leave(connection) for connection, _ in idle))

    def abort(self) -> None:
        """As the death of the process does it."""
        self._absence = CLOSED
        for connection in self._all:
            connection.close()

    def check(self) -> None:
        """Raise `Closed` unless open."""
        if self._absence:
            raise self._closed()

    @property
    def may_watch(self) -> bool:
        """Whether one more `watch` would leave a connection to all others."""
        return len(self._watches) < self._max_size - 1

    async def read(self, work: Work[T]) -> T:
        """`work` without a transaction. Cancelling it costs the connection and nothing else."""
        return await self._patiently(work)

    async def watch(self, work: Work[T]) -> T:
        """`work` without a transaction, for less than a second in which most likely nothing happens.

        Who cancels it does not wait for its end; `close` does. Cut short it would cost the connection, of which the
        server makes a note that people read.
        """
        watch = asyncio.ensure_future(self._patiently(work))
        self._watches.add(watch)
        watch.add_done_callback(self._forget_watch)
        return await asyncio.shield(watch)

    async def write(self, work: Work[T], undo: Undo[T] | None = None) -> T:
        """`work` as a whole. It commits; until then whatever it raises undoes it.

        Who cancels it waits for the answer that is on its way, as nobody would know it otherwise; `undo` is given it.
        """
        task = asyncio.ensure_future(self._patiently(work))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task])
            if not task.cancelled() and task.exception() is None and undo is not None:
                await undo(task.result())
            raise

    async def _patiently(self, work: Work[T]) -> T:
        """`work`, and again if other transactions were in its way."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return await self._once(work)
            except Answered as answered:
                if answered.code not in PASSING or time.monotonic() >= deadline:
                    raise fault(answered, self.address) from answered
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _once(self, work: Work[T]) -> T:
        async with self._borrowed() as connection:
            try:
                return await work(connection)
            except BaseException as error:
                if connection.is_usable:
                    await connection.run(ROLLBACK)
                elif isinstance(error, Answered | Unavailable):
                    self._drop_idle()
                raise

    @asynccontextmanager
    async def _borrowed(self) -> AsyncGenerator[Connection]:
        self.check()
        room = self._room
        try:
            async with asyncio.timeout(BORROW_SECONDS if room.locked() else None):
                await room.acquire()
        except TimeoutError:
            raise Unavailable(f"all {self._max_size} connections to mysql at {self.address} are busy") from None
        try:
            connection = self._taken() or await self._opened()
            try:
                yield connection
            finally:
                self._give_back(connection)
        finally:
            room.release()

    def _taken(self) -> Connection | None:
        self.check()
        while self._idle:
            connection, _ = self._idle.pop()
            if connection.is_usable:
                return connection
            self._drop(connection)
        return None

    async def _opened(self) -> Connection:
        try:
            connection = await Connection.open(self.address)
        except ConfigurationError as error:
            if not self._was_let_in:
                raise
            # Who was let in before may be again, once a password or a certificate has been changed on both sides.
            raise Unavailable(str(error)) from error
        self._all.add(connection)
        try:
            await self._welcome(connection)
            self._was_let_in = True
            self.check()
        except BaseException as error:
            self._drop(connection)
            if isinstance(error, Answered):
                raise fault(error, self.address) from error
            raise
        return connection

    def _give_back(self, connection: Connection) -> None:
        now = time.monotonic()
        # While a watch ends, `close` has yet to say goodbye.
        if connection.is_usable and (not self._absence or self._watches) and connection in self._all:
            self._idle.append((connection, now))
        else:
            self._drop(connection)
        # The one that was idle longest comes first.
        while len(self._idle) > self._min_size and now - self._idle[0][1] > SPARE_SECONDS:
            self._drop(self._idle.pop(0)[0])

    def _drop(self, connection: Connection) -> None:
        connection.close()
        self._all.discard(connection)

    def _drop_idle(self) -> None:
        """What ended one has probably ended the others too, and each would take one more call to tell."""
        idle, self._idle = self._idle, []
        for connection, _ in idle:
            self._drop(connection)

    async def _end_watches(self) -> None:
        if self._watches:
            _, late = await asyncio.wait(self._watches, timeout=LAST_WATCH_SECONDS)
            for watch in late:
                watch.cancel()
            if late:
                await asyncio.wait(late)

    def _forget_watch(self, watch: asyncio.Future[Any]) -> None:
        self._watches.discard(watch)
        if not watch.cancelled():
            watch.exception()  # nobody may be left to hear it

    async def _leave(self, connection: Connection) -> None:
        await connection.leave()
        self._all.discard(connection)

    def _closed(self) -> Closed:
        return Closed(f"the queue in mysql {self._absence}")


# A forked child has the same sockets and the same selector. Closing a connection there would break the parent's, so
# the child keeps them for ever and never looks at them again.
_pools: "weakref.WeakSet[Pool]" = weakref.WeakSet()
_inherited: list[object] = []


def _forget_all() -> None:
    for pool in tuple(_pools):
        _inherited.append(list(pool._all))  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - its own module
        pool.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
