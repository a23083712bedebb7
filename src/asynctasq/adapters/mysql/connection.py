"""One session with the server, and the only place that knows aiomysql.

Every wait has an end. A connection on which one was cut, or that failed, is closed: what it would say next is unknown.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Sequence
from typing import Any, Protocol

import aiomysql  # pyright: ignore[reportMissingTypeStubs] - it ships no types; the protocols below are what we use of it
from attrs import frozen

from asynctasq.adapters.mysql.address import Address, arguments
from asynctasq.adapters.mysql.faults import ELSEWHERE, TLS, Answered, fault, unreached
from asynctasq.adapters.mysql.statements import sql
from asynctasq.domain.errors import ConfigurationError, Unavailable

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0
GOODBYE_SECONDS = 0.5

FOUND_ROWS = 2
"""Count the rows that an UPDATE finds, changed or not."""
OWN_CODES = frozenset(range(1000)) | frozenset(range(2000, 3000))
"""What the client library says by itself, of the connection."""
OFFERS_TLS = 1 << 11
"""Among the capabilities of a server."""
ENCRYPTED = f"{TLS}, or install 'cryptography'"
OLDEST = {"MariaDB": (10, 6), "MySQL": (8, 0)}

Row = tuple[Any, ...]


@frozen
class Answer:
    """To one statement: its rows, or how many it touched."""

    rows: Sequence[Row]
    count: int


class _Cursor(Protocol):
    rowcount: int

    async def execute(self, query: bytes) -> object: ...
    def fetchall(self) -> Awaitable[Sequence[Row]]: ...
    async def nextset(self) -> bool | None: ...


class _Reader(Protocol):
    @property
    def eof_received(self) -> bool: ...
    def exception(self) -> Exception | None: ...


class _Client(Protocol):
    _reader: _Reader | None
    _writer: asyncio.StreamWriter | None

    @property
    def closed(self) -> bool: ...
    def cursor(self) -> Awaitable[_Cursor]: ...
    def close(self) -> None: ...
    async def ensure_closed(self) -> None: ...


class _QuietCursor(aiomysql.Cursor):  # pyright: ignore[reportUntypedBaseClass, reportUnknownMemberType]
    async def _show_warnings(self, conn: object) -> None:
        """Not asked for: that would be a round trip more, and nobody hears the answer."""


class _Session(aiomysql.Connection):  # pyright: ignore[reportUntypedBaseClass, reportUnknownMemberType]
    server_capabilities: int
    _host: str
    _port: int
    _ssl_context: ssl.SSLContext | None

    async def _request_authentication(self) -> None:
        # It would go on in the clear, and may be asked for the password in plain text.
        if self._ssl_context and not self.server_capabilities & OFFERS_TLS:
            raise ConfigurationError(
                f"mysql at {self._host}:{self._port} offers no TLS, which mysql.dsn or ASYNCTASQ_MYSQL_DSN asks for: "
                "set it up there, or take the ssl options out of the DSN"
            )
        await super()._request_authentication()  # pyright: ignore[reportUnknownMemberType]


class Connection:
    """Used by one caller at a time."""

    def __init__(self, client: _Client, cursor: _Cursor, address: Address) -> None:
        self._client = client
        self._cursor = cursor
        self._address = address
        self.max_packet = 0

    @classmethod
    async def open(cls, address: Address) -> "Connection":
        """Raises `Unavailable` if nobody answers, `ConfigurationError` if only a person can mend it."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                client = await _client(address)
                connection = cls(client, await client.cursor(), address)
        except aiomysql.MySQLError as error:
            raise _refused(error, address) from error
        except RuntimeError as error:
            if "package is required" in str(error):  # by the way in which the server wants the password
                raise ConfigurationError(f"mysql at {address} wants the password encrypted: {ENCRYPTED}") from error
            raise Unavailable(f"mysql at {address} broke the connection: {error}") from error
        except (OSError, EOFError) as error:  # a TimeoutError is an OSError
            raise Unavailable(f"mysql at {address} does not answer: {str(error) or 'no answer in time'}") from error
        try:
            await connection._begin()
        except BaseException:
            connection.close()
            raise
        return connection

    async def run(self, *statements: bytes, seconds: float | None = ANSWER_SECONDS) -> Sequence[Answer]:
        """All of them in one packet; the first that fails is the last.

        Raises `Answered` if the server refuses one, `Unavailable` if the connection is lost.
        """
        answers: list[Answer] = []
        try:
            async with asyncio.timeout(seconds):
                more: object = await self._cursor.execute(b"; ".join(statements))
                while more is not None:
                    answers.append(Answer(await self._cursor.fetchall(), self._cursor.rowcount))
                    more = await self._cursor.nextset()
        except aiomysql.MySQLError as error:
            answered = _answered(error)
            if answered is None or self._client.closed:
                self.close()
                raise Unavailable(f"mysql at {self._address} broke the connection: {error}") from error
            if answered.code in ELSEWHERE:
                self.close()
            raise answered from error
        except (OSError, EOFError, RuntimeError) as error:  # the last is uvloop's word for a closed connection
            self.close()
            raise Unavailable(
                f"mysql at {self._address} does not answer: {str(error) or 'no answer in time'}"
            ) from error
        except BaseException:
            self.close()
            raise
        return answers

    @property
    def database(self) -> str:
        return self._address.database

    @property
    def is_usable(self) -> bool:
        """Whether it has not been closed, as far as this side knows."""
        reader = self._client._reader  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - there is no public way
        if self._client.closed or reader is None:
            return False
        # One that was idle for too long MariaDB resets, and MySQL says why, so there may be something left to read.
        return reader.exception() is None and not reader.eof_received

    def close(self) -> None:
        """At once, without a word."""
        writer = self._client._writer  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - there is no public way
        if writer is not None:
            # Closed, it would wait for what the server says to the end of TLS.
            writer.transport.abort()
        self._client.close()

    async def leave(self) -> None:
        """Say goodbye, so that the server does not note an aborted client."""
        writer = self._client._writer  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - it forgets it at once
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._client.ensure_closed()
                if writer is not None:
                    # Under TLS the other side has something to say to that, for which the loop may not stay.
                    await writer.wait_closed()
        except (aiomysql.MySQLError, OSError):
            pass
        finally:
            self.close()

    async def _begin(self) -> None:
        try:
            answers = await self.run(sql("session").encode())
        except Answered as answered:
            raise fault(answered, self._address) from answered
        [(version, self.max_packet)] = answers[-1].rows
        kind = "MariaDB" if "mariadb" in version.lower() else "MySQL"
        if tuple(int(part) for part in version.split("-")[0].split(".")[:2]) < OLDEST[kind]:
            oldest = ".".join(map(str, OLDEST[kind]))
            raise ConfigurationError(
                f"{kind} at {self._address} is {version}, the mysql driver needs {oldest} or newer"
            )


async def _client(address: Address) -> _Client:
    client: Any = _Session(
        **arguments(address),
        charset="utf8mb4",
        # Left to session.sql: one round trip less.
        autocommit=None,  # pyright: ignore[reportArgumentType] - its guessed type is that of the default
        client_flag=FOUND_ROWS,
        cursorclass=_QuietCursor,
    )
    await client._connect()  # noqa: SLF001 - what `aiomysql.connect` does
    return client


def _answered(error: Exception) -> Answered | None:
    """None if it is the connection that failed."""
    code = error.args[0] if error.args else 0
    if not isinstance(code, int) or code in OWN_CODES:
        return None
    return Answered(code, str(error.args[-1]))


def _refused(error: Exception, address: Address) -> Exception:
    answered = _answered(error)
    if answered is None:
        return unreached(error.__cause__ or error.args[-1], address)
    return fault(answered, address)
