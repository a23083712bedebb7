"""What idle clients listen to: one connection, one channel for each queue."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import cast

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from asynctasq.adapters.redis.resp import packed


class News:
    """Heard or not, whoever waits looks again after a second: a lost connection costs that much and no more.

    Belongs to one event loop. `listen` lets the errors of the client library out.
    """

    def __init__(self, make_wire: Callable[[], AbstractConnection], channels: str) -> None:
        self._make_wire = make_wire
        self._channels = channels
        self._asking = asyncio.Lock()
        self._reader: asyncio.Task[None] | None = None
        self._wire: AbstractConnection | None = None
        self._heard: set[str] = set()
        self._waiting: set[asyncio.Future[None]] = set()
        self._count = 0

    @property
    def count(self) -> int:
        """To be read before looking: what comes during the look is news."""
        return self._count

    def hears(self, queues: Sequence[str]) -> bool:
        return self._heard.issuperset(queues)

    async def listen(self, queues: Sequence[str]) -> None:
        """Return once the server has agreed to tell of these queues."""
        async with self._asking:
            wire = self._wire or await self._connected()
            missing = [queue for queue in queues if queue not in self._heard]
            channels = (f"{self._channels}{queue}".encode() for queue in missing)
            await wire.send_packed_command(packed(b"SUBSCRIBE", *channels), check_health=False)
            while not self.hears(missing):
                await self._next()
                if self._wire is not wire:
                    raise ConnectionError("the connection was lost")

    async def wait(self, seen: int, seconds: float) -> None:
        """Return after this long, or as soon as there is more than was seen."""
        if self._count == seen:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._next()

    def hang_up(self) -> None:
        """Whoever waits looks again, and then listens over a new connection."""
        if self._reader is not None:
            # Not at once: a task that is cancelled before its first step would never take leave of the connection.
            asyncio.get_running_loop().call_soon(self._reader.cancel)

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])

    async def _connected(self) -> AbstractConnection:
        wire = self._make_wire()
        try:
            await wire.connect()
        except BaseException:
            await wire.disconnect(nowait=True)
            raise
        self._wire = wire
        # Its life is the connection's, whoever began to listen; `close` ends both.
        self._reader = asyncio.get_running_loop().create_task(self._read(wire))
        return wire

    async def _read(self, wire: AbstractConnection) -> None:
        try:
            while True:
                # redis-py has no types here; this is what subscribers are sent.
                answer = cast("tuple[bytes, bytes, object]", await wire.read_response(disable_decoding=True))
                kind, channel, _ = answer
                if kind == b"subscribe":
                    self._heard.add(channel.decode().removeprefix(self._channels))
                self.ring()
        except (RedisError, OSError):
            pass  # whoever waits meets the trouble in its next look, where there is somebody to tell
        finally:
            self._wire = None
            self._heard.clear()
            self.ring()
            await wire.disconnect(nowait=True)

    def ring(self) -> None:
        """Whoever waits looks again."""
        self._count += 1
        for news in self._waiting:
            if not news.done():
                news.set_result(None)

    async def _next(self) -> None:
        news: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(news)
        try:
            await news
        finally:
            self._waiting.discard(news)
