"""Stands between a queue and the server, where a test can cut, freeze or pool the connections."""

import asyncio
import contextlib
import struct
from urllib.parse import urlsplit

from tests.servers import URLS

SERVER = urlsplit(URLS["postgres"])
ALLOWED = {b"user", b"database", b"client_encoding", b"search_path"}
REFUSAL = b"SFATAL\0C08P01\0Munsupported startup parameter: %s\0\0"
READY, IDLE, NOTIFICATION, TERMINATE, KEY = b"Z", b"I", b"A", b"X", b"K"
NO_PROCESS = bytes(8)


class Proxy:
    """`pools`: like PgBouncer by transaction it lends each client another connection after each transaction.

    `strict`: it refuses session settings, as PgBouncer does unless it is told to ignore them. `deaf`: no notification
    passes, as none does whose connection is lent to nobody. `masked`: it greets with a number of its own.
    """

    def __init__(
        self,
        *,
        pools: bool = False,
        strict: bool = False,
        deaf: bool = False,
        masked: bool = False,
        options: str = "",
    ) -> None:
        self.pools, self.strict, self.deaf, self.masked = pools, strict, deaf, masked
        self.options = options
        self.moving = asyncio.Event()
        self.moving.set()
        self.accepted = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task] = set()
        self._port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """End every connection and take no new ones, until `start`."""
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def dsn(self, schema: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}{SERVER.path}?sslmode=disable&search_path={schema}{self.options}"

    def _accept(self, reader, writer) -> None:
        self.accepted += 1
        task = asyncio.get_running_loop().create_task(Client(self, reader, writer).serve())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Client:
    def __init__(self, proxy: Proxy, reader, writer) -> None:
        self.proxy, self.reader, self.writer = proxy, reader, writer
        self.backends = []
        self.current = 0

    async def serve(self) -> None:
        try:
            startup = await self._startup()
            async with asyncio.TaskGroup() as group:
                for _ in range(2 if self.proxy.pools else 1):
                    self.backends.append(await asyncio.open_connection(SERVER.hostname, SERVER.port))
                for number, (reader, writer) in enumerate(self.backends):
                    writer.write(startup)
                    group.create_task(self._down(number, reader))
                group.create_task(self._up())
        except* (asyncio.IncompleteReadError, OSError, Refusal):
            pass
        finally:
            for _, writer in [*self.backends, (None, self.writer)]:
                writer.close()

    async def _startup(self) -> bytes:
        length = await self.reader.readexactly(4)
        packet = await self.reader.readexactly(struct.unpack("!I", length)[0] - 4)
        names = packet[4:].split(b"\0")[:-2:2]
        unknown = [name for name in names if name not in ALLOWED]
        # A request to cancel is as long as this and has no names.
        if self.proxy.strict and unknown and len(packet) > 12:
            fields = REFUSAL % unknown[0]
            self.writer.write(b"E" + struct.pack("!I", len(fields) + 4) + fields)
            await self.writer.drain()
            raise Refusal
        return length + packet

    async def _up(self) -> None:
        while data := await self.reader.read(65536):
            await self.proxy.moving.wait()
            self.backends[self.current][1].write(data)
        raise Refusal

    async def _down(self, number: int, reader) -> None:
        is_greeting = True
        while True:
            kind, length = await reader.readexactly(1), await reader.readexactly(4)
            body = await reader.readexactly(struct.unpack("!I", length)[0] - 4)
            await self.proxy.moving.wait()
            # The client is greeted once, by the first of its connections.
            if (not is_greeting or number == 0) and not (kind == NOTIFICATION and self.proxy.deaf):
                if kind == KEY and self.proxy.masked:
                    body = NO_PROCESS
                with contextlib.suppress(OSError):
                    if kind == READY and body == IDLE and not is_greeting:
                        self.current = (self.current + 1) % len(self.backends)
                    self.writer.write(kind + length + body)
            if kind == READY:
                is_greeting = False


class Refusal(Exception):
    """This client is served no further."""
