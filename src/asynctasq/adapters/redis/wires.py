"""Connections to one server. redis-py makes them, signs in, and mends them; in between its pool is left aside.

Its pool looks after each connection before and after each command, which costs as much as the command itself.
Here those that were in use a moment ago are used again as they are (ADR-0014).
"""

import asyncio
import time
from typing import Any, cast

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ResponseError

WARM_SECONDS = 1.0


class Wires:
    """Belongs to one event loop. The errors of the client library get out, and no wait is bounded."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._places = asyncio.Semaphore(pool.max_connections)
        self._warm: list[AbstractConnection] = []
        self._used_at = 0.0

    async def exchange(self, command: bytes) -> Any:
        """Send it and return the answer."""
        async with self._places:
            wire = await self._taken()
            try:
                await wire.send_packed_command(command, check_health=False)
                # redis-py has no types here.
                reply = cast("Any", await wire.read_response(disable_decoding=True))
            except ResponseError:
                self._warm.append(wire)
                raise
            except BaseException:
                # Cut short, it must not give this answer to the next question. If it broke, so did the others.
                await wire.disconnect(nowait=True)
                self._warm.append(wire)
                await self._cool()
                raise
            self._warm.append(wire)
            return reply

    def new(self) -> AbstractConnection:
        """One beside the pool, so that a pool of one is enough to work and to listen."""
        return self._pool.make_connection()

    async def close(self) -> None:
        await self._cool()
        await self._pool.aclose()

    async def _taken(self) -> AbstractConnection:
        now = time.monotonic()
        if self._warm and now - self._used_at > WARM_SECONDS:
            await self._cool()
        self._used_at = now
        if self._warm:
            return self._warm.pop()
        return await self._pool.get_connection()  # pyright: ignore[reportUnknownMemberType] - untyped there

    async def _cool(self) -> None:
        """The pool mends what has broken before it gives it out again."""
        while self._warm:
            await self._pool.release(self._warm.pop())
