"""The parent's side of a child process: the line to it, its death and how that came."""

import asyncio
import contextlib
import signal
import socket
import sys
from asyncio.subprocess import Process
from typing import Self

from attrs import define

from asynctasq.adapters.executors.child import LENGTH_BYTES, framed
from asynctasq.adapters.executors.memory import resident_bytes
from asynctasq.domain.outcome import ErrorInfo


class ChildLost(Exception):
    """There is no child any more; `error` says why."""

    def __init__(self, error: ErrorInfo) -> None:
        super().__init__(error.message)
        self.error = error


@define(eq=False)
class Child:
    _process: Process
    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter
    task_count: int = 0
    _broken: bool = False

    @classmethod
    async def start(cls) -> Self:
        """A new process; it takes what is said to it as soon as it is up."""
        ours, theirs = socket.socketpair()
        with theirs:
            reader, writer = await asyncio.open_connection(sock=ours)
            # Without the working directory among its places, where a user's `queue.py` would hide Python's own.
            command = [sys.executable, "-P", "-m", "asynctasq.adapters.executors.child"]
            try:
                process = await asyncio.create_subprocess_exec(*command, stdin=theirs.fileno())
            except BaseException:
                writer.close()
                raise
        return cls(process, reader, writer)

    @property
    def alive(self) -> bool:
        return not self._broken and not self._reader.at_eof() and self._process.returncode is None

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def resident_bytes(self) -> int:
        return resident_bytes(self.pid)

    def say(self, data: bytes) -> None:
        self._writer.write(framed(data))

    async def hear(self) -> bytes:
        """The next frame; raises `ChildLost` if none will come."""
        try:
            length = await self._reader.readexactly(LENGTH_BYTES)
            return await self._reader.readexactly(int.from_bytes(length, "big"))
        except (OSError, EOFError):
            self._broken = True
            raise ChildLost(_obituary(self.pid, await self.end())) from None

    def kill(self) -> None:
        """Only while it lives: asking a process that has just died would take its status from who waits for it."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def end(self) -> int:
        """Kill it, unless it is dying, and return its status once nothing of it is left."""
        self.kill()
        self._writer.close()
        return await self._process.wait()


def _obituary(pid: int, status: int) -> ErrorInfo:
    how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
    return ErrorInfo("ChildLost", f"the child process {pid} that ran the task {how}")
