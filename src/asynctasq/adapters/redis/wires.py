"""The connection to one server. redis-py makes it and signs in; from then on we speak on it ourselves (ADR-0014).

Its own reading goes through a stream and a coroutine for each line, which takes longer than the rest of a command.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection

from asynctasq.adapters.redis.faults import leads_elsewhere
from asynctasq.adapters.redis.resp import answer_at

Answer = asyncio.Future[Any]


class Wire(asyncio.Protocol):
    """Commands go out as they come, answers come back in the same order, whether or not somebody still waits."""

    def __init__(self, connection: AbstractConnection) -> None:
        # There is no public way to go on from here without redis-py.
        writer = cast("asyncio.StreamWriter", connection._writer)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        self._connection = connection
        self._transport = cast("asyncio.Transport", writer.transport)
        self._answers: deque[Answer] = deque()
        self._unread = bytearray()
        self.broken = self._transport.is_closing()
        self._transport.set_protocol(self)

    def send(self, command: bytes) -> Answer:
        self._transport.write(command)
        answer: Answer = asyncio.get_running_loop().create_future()
        self._answers.append(answer)
        return answer

    def data_received(self, data: bytes) -> None:
        unread: bytes | bytearray = data
        if self._unread:
            self._unread += data
            unread = self._unread
        start = 0
        while found := answer_at(unread, start):
            value, start = found
            if not self._answers:
                self.abort()  # whatever it is: the next who asks must not take it for the answer
                return
            self._give(value)
        self._unread = bytearray(unread[start:])

    def connection_lost(self, exc: Exception | None) -> None:
        self.broken = True
        while self._answers:
            self._give(exc or ConnectionError("the server has closed the connection"))

    def abort(self) -> None:
        """Whoever waits for an answer hears that there will be none."""
        self.broken = True
        self._transport.abort()

    async def close(self) -> None:
        self.abort()
        await self._connection.disconnect(nowait=True)

    def _give(self, value: Any) -> None:
        answer = self._answers.popleft()
        if isinstance(value, Exception) and leads_elsewhere(value):
            self.abort()  # a primary that became a replica keeps its connections, and refuses what comes over them
        if answer.done():
            return
        if isinstance(value, Exception):
            answer.set_exception(value)
        else:
            answer.set_result(value)


class Wires:
    """Belongs to one event loop. The errors of the client library get out, and no wait is bounded.

    `renewed` is called after each connecting: the address may lead to another server than before.
    """

    def __init__(self, pool: ConnectionPool, renewed: Callable[[], None]) -> None:
        self._pool = pool
        self._renewed = renewed
        self._connecting = asyncio.Lock()
        self._wire: Wire | None = None

    async def exchange(self, command: bytes) -> Any:
        """Send it and return the answer."""
        wire = self._wire
        if wire is None or wire.broken:
            wire = await self._connected()
        return await wire.send(command)

    def abort(self) -> None:
        """What was asked and not answered stays unknown; the next command goes over a new connection."""
        if self._wire is not None:
            self._wire.abort()

    async def close(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.close()

    async def _connected(self) -> Wire:
        async with self._connecting:
            if self._wire is None or self._wire.broken:
                await self.close()
                connection = self._pool.make_connection()
                try:
                    await connection.connect()
                except BaseException:
                    await connection.disconnect(nowait=True)
                    raise
                self._wire = Wire(connection)
                self._renewed()
            return self._wire
