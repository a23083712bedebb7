"""The supervisor's end of the line to one worker process."""

import asyncio
import contextlib
import signal
import socket
import sys
from asyncio.subprocess import Process
from typing import Self

from attrs import define

from asynctasq.cli.line import ORDER_LIMIT, READY, STOP
from asynctasq.cli.order import Order
from asynctasq.domain.errors import ConfigurationError

# Without the working directory among its places, where a user's `queue.py` would hide Python's own.
COMMAND = (sys.executable, "-P", "-m", "asynctasq.cli.member")


@define(eq=False)
class Recruit:
    _process: Process
    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter

    @classmethod
    async def start(cls, order: Order) -> Self:
        """A new process that has its order."""
        line = order.dumps()
        if len(line) > ORDER_LIMIT:
            raise ConfigurationError("the flags are too long to be passed on: set them in the environment")
        ours, theirs = socket.socketpair()
        with theirs:
            reader, writer = await asyncio.open_connection(sock=ours)
            try:
                process = await asyncio.create_subprocess_exec(*COMMAND, stdin=theirs.fileno())
            except BaseException:
                writer.close()
                raise
        writer.write(line)
        return cls(process, reader, writer)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def obituary(self) -> str:
        """How it ended."""
        status = self._process.returncode or 0
        return f"killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"

    async def is_ready(self) -> bool:
        """Return once it works (True) or has ended."""
        try:
            return await self._reader.read(1) == READY
        except OSError:
            return False

    async def ended(self) -> int:
        """Its status, once it has ended."""
        status = await self._process.wait()
        self._writer.close()
        return status

    def stop(self) -> None:
        """By word and by signal, which count as one: who is still starting listens to signals only."""
        if not self._writer.is_closing():
            self._writer.write(STOP)
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
