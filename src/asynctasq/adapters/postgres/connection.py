"""Connections to one database: a small pool, every wait bounded, every error in our words.

A pool of our own, because that of asyncpg asks the server to forget a session's state after each use.
"""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, cast

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - it has none

from asynctasq.adapters.postgres.faults import fault, is_from_pooler, is_over, opening_fault
from asynctasq.adapters.postgres.place import NOWHERE, options_of, place_of
from asynctasq.domain.errors import AsyncTasQError, Closed, ConfigurationError, Unavailable

log = logging.getLogger("asynctasq.postgres")

Row = Mapping[str, Any]

CONNECT_SECONDS = 5.0
STATEMENT_SECONDS = 8.0
GOODBYE_SECONDS = 1.0
IDLE_SECONDS = 60.0
OLDEST_SERVER = (12,)

NOT_OPENED = "has not been opened"
CLOSED = "was closed"

FAULTS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""All that asyncpg raises, timeouts included."""

PLANNER = {
    # Each statement has one good plan, and counts of rows that are out of date must not talk anybody out of it.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "jit": "off",
}
SESSION = {"application_name": "asynctasq", **PLANNER}
_SET_PLANNER = "; ".join(f"SET LOCAL {name} = {value}" for name, value in PLANNER.items())
_SET_READER = "SET LOCAL enable_seqscan = on; SET LOCAL enable_bitmapscan = on; SET LOCAL plan_cache_mode = auto"


class Connection(Protocol):
    """What we use of an asyncpg connection, which has no types of its own."""

    async def fetch(self, query: str, *args: object) -> Sequence[Row]: ...
    async def execute(self, query: str) -> str: ...
    async def close(self, *, timeout: float) -> None: ...
    def terminate(self) -> None: ...
    def is_closed(self) -> bool: ...
    def get_server_version(self) -> tuple[int, ...]: ...
    def get_server_pid(self) -> int: ...
    async def add_listener(self, channel: str, callback: Callable[[Any, int, str, str], None]) -> None: ...
    def add_termination_listener(self, callback: Callable[[Any], None]) -> None: ...
    def remove_termination_listener(self, callback: Callable[[Any], None]) -> None: ...


_connect = cast("Callable[..., Awaitable[Connection]]", asyncpg.connect)  # pyright: ignore[reportUnknownMemberType]
"""asyncpg has no types."""

_inherited: list[object] = []
"""Connections of the process that this one was forked from: kept, so that nobody here closes them."""


class Database:
    """Opened at need. `pooled` is found out: whether a pooler stands between us and the server."""

    def __init__(
        self, dsn: str | None, *, min_size: int = 1, max_size: int = 10, statement_seconds: float = STATEMENT_SECONDS
    ) -> None:
        self.place = place_of(dsn)
        self.pooled = False
        self._dsn = dsn
        self._min_size = min_size
        self._max_size = max_size
        self._statement_seconds = statement_seconds
        self._was_connected = False
        self._absence: str | None = NOT_OPENED
        self._start()

    def _start(self) -> None:
        self._pid = os.getpid()
        self._room = asyncio.Semaphore(self._max_size)
        self._idle: list[tuple[Connection, float]] = []
        self._busy: set[Connection] = set()
        self._apart: set[Connection] = set()
        self._borrower_count = 0
        self._all_back = asyncio.Event()

    def open(self) -> None:
        """Calls are allowed from now on."""
        if self._absence == CLOSED:
            raise Closed(f"{self.place} {CLOSED}")
        if self._pid != os.getpid():
            _inherited.extend([self._idle, self._busy, self._apart])
            self._start()
        self._absence = None

    async def close(self, *, absence: str = CLOSED) -> None:
        """End every call and every connection. With another `absence` than the usual it may be opened again."""
        self._absence = absence
        idle, self._idle = self._idle, []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_SECONDS if self._borrower_count else 0):
                await self._all_back.wait()
        for connection in self._busy:
            connection.terminate()
        await asyncio.gather(*(_part(connection) for connection, _ in idle))

    def check(self) -> None:
        """Raise `Closed` unless it is open."""
        if self._absence:
            raise Closed(f"{self.place} {self._absence}")

    async def run(self, statement: str, *args: object, for_people: bool = False) -> Sequence[Row]:
        """One statement, which is a transaction. `for_people`: it looks at many rows and may plan as it likes."""
        try:
            async with self.transaction(for_people=for_people, needed=for_people) as connection:
                return await connection.fetch(statement, *args)
        except Unavailable as error:
            if error.__cause__ is None or not is_from_pooler(error.__cause__):
                raise
        # It was never run, so this is no repetition.
        async with self.transaction() as connection:
            return await connection.fetch(statement, *args)

    @contextlib.asynccontextmanager
    async def transaction(self, *, for_people: bool = False, needed: bool = True) -> AsyncGenerator[Connection]:
        """A connection of one's own, in a transaction if `needed`; errors leave this in our words."""
        async with self._borrowed() as connection:
            if not needed and not self.pooled:
                yield connection
                return
            planner = _SET_READER if for_people else _SET_PLANNER
            await connection.execute(f"BEGIN; {planner}")
            try:
                yield connection
            except (asyncpg.PostgresError, AsyncTasQError):
                await connection.execute("ROLLBACK")
                raise
            await connection.execute("COMMIT")

    @contextlib.asynccontextmanager
    async def _borrowed(self) -> AsyncGenerator[Connection]:
        self.check()
        await self._wait_for_room()
        self._borrower_count += 1
        self._all_back.clear()
        try:
            connection = await self._present()
            self._busy.add(connection)
            try:
                yield connection
            except (*FAULTS, AttributeError) as error:
                # An AttributeError is what asyncpg has for a call whose connection is ended meanwhile.
                if isinstance(error, AttributeError) and not connection.is_closed():
                    raise
                raise self._translated(connection, error) from error
            except BaseException:
                # Cancelled halfway: what the server did of it nobody knows, and the answer must not reach the next.
                connection.terminate()
                raise
            finally:
                self._busy.discard(connection)
                self._give_back(connection)
        finally:
            self._room.release()
            self._borrower_count -= 1
            if not self._borrower_count:
                self._all_back.set()
        await self._trim()

    async def _wait_for_room(self) -> None:
        try:
            async with asyncio.timeout(STATEMENT_SECONDS):
                await self._room.acquire()
        except TimeoutError as error:
            raise Unavailable(f"{self.place}: all {self._max_size} connections are in use") from error
        try:
            self.check()
        except Closed:
            self._room.release()
            raise

    async def _present(self) -> Connection:
        while self._idle:
            connection, _ = self._idle.pop()
            if not connection.is_closed():
                return connection
        return await self.connect()

    def _give_back(self, connection: Connection) -> None:
        if connection.is_closed():
            return
        if self._absence:
            connection.terminate()
        else:
            self._idle.append((connection, time.monotonic()))

    async def _trim(self) -> None:
        """End the connection that was idle for longest, if there are more than `min_size`."""
        if len(self._idle) > self._min_size and time.monotonic() - self._idle[0][1] > IDLE_SECONDS:
            await _part(self._idle.pop(0)[0])

    def _translated(self, connection: Connection, error: Exception) -> Exception:
        if is_over(error):
            # What ended this one has probably ended the others too.
            for each in (connection, *(idle for idle, _ in self._idle), *self._apart):
                each.terminate()
        if is_from_pooler(error):
            self.note_pooler(str(error))
        if self._absence:
            return Closed(f"{self.place} {self._absence}")
        return fault(error, self.place)

    @contextlib.asynccontextmanager
    async def apart(self) -> AsyncGenerator[Connection]:
        """A connection that no call borrows. Whatever ends one of theirs ends it, too."""
        connection = await self.connect()
        self._apart.add(connection)
        try:
            yield connection
        finally:
            self._apart.discard(connection)
            connection.terminate()

    async def connect(self) -> Connection:
        """A new connection, for whoever calls to close."""
        if self._dsn is None:
            raise ConfigurationError(
                "postgres.dsn is not set: ASYNCTASQ_POSTGRES_DSN=postgresql://user:password@host:5432/database"
            )
        try:
            connection = await self._connect(self._dsn)
        except (*FAULTS, ValueError) as error:
            if not self.pooled and is_from_pooler(error):
                return await self._connect_to_pooler(str(error))
            if isinstance(error, ValueError) and self.place == NOWHERE:
                # What asyncpg says of it may repeat a part of a password.
                raise ConfigurationError(
                    "postgres.dsn cannot be read: is a special character percent-encoded?"
                ) from None
            # Who was let in before may be again: only the first time it is for a person to mend.
            raise (
                fault(error, self.place) if self._was_connected else opening_fault(error, self.place, self._dsn)
            ) from error
        if connection.get_server_version() < OLDEST_SERVER:
            connection.terminate()
            raise ConfigurationError(f"{self.place} is older than PostgreSQL {OLDEST_SERVER[0]}: upgrade it")
        self._was_connected = True
        if not self.pooled and not await self._is_answered_by_the_server(connection):
            connection.terminate()
            return await self._connect_to_pooler("another process of the server than the one that greeted answers")
        return connection

    async def _connect_to_pooler(self, why: str) -> Connection:
        self.note_pooler(why)
        return await self.connect()

    async def _is_answered_by_the_server(self, connection: Connection) -> bool:
        """A pooler greets with a number of its own making. Nothing is prepared for this: that would be too late."""
        try:
            count = await connection.execute(f"SELECT WHERE pg_backend_pid() = {connection.get_server_pid()}")
        except FAULTS as error:
            connection.terminate()
            raise fault(error, self.place) from error
        except BaseException:
            connection.terminate()
            raise
        return count != "SELECT 0"

    async def _connect(self, dsn: str) -> Connection:
        settings = {} if self.pooled else {name: SESSION[name] for name in SESSION.keys() - options_of(dsn)}
        return await _connect(
            dsn,
            timeout=CONNECT_SECONDS,
            command_timeout=self._statement_seconds,
            statement_cache_size=0 if self.pooled else 100,
            max_cached_statement_lifetime=0,
            server_settings=settings,
        )

    def note_pooler(self, why: str) -> None:
        """From now on: no session settings and no prepared statements, which it may refuse, drop or mix up."""
        if not self.pooled:
            self.pooled = True
            log.debug("%s is behind a pooler: %s", self.place, why)


async def _part(connection: Connection) -> None:
    try:
        await connection.close(timeout=GOODBYE_SECONDS)
    except FAULTS:
        connection.terminate()
