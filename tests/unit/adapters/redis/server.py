"""A Redis of a test's own, to be killed, frozen and set up as the test likes."""

import asyncio
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

PROGRAMS = ("redis-server", "valkey-server")


class Server:
    def __init__(
        self, folder: Path, *options: str, port: int | None = None, programs: Sequence[str] = PROGRAMS
    ) -> None:
        program = next(filter(None, map(shutil.which, programs)), None)
        if program is None:
            pytest.skip(f"no {programs[0]} to start")
        self.port = port or free_port()
        self._command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        self._command += ["--daemonize", "no", *options]
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if "eady to accept connections" in line:
                return
        raise RuntimeError(f"redis-server ended with {self._process.wait()}")

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)


async def until(true: Callable[[], object]) -> None:
    """What happens in a client or a server that tells nobody."""
    while not true():  # noqa: ASYNC110
        await asyncio.sleep(0)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]
