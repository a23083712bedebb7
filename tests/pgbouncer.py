"""A PgBouncer of a test's own before the PostgreSQL that tests talk to."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self
from urllib.parse import unquote, urlsplit

import pytest

from tests.servers import URLS

SERVER = urlsplit(URLS["postgres"])
START_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 0.02
KEEPS_STATEMENTS = (1, 21)
"""From this version on it can keep prepared statements for its clients."""
USER = "postgres" if os.geteuid() == 0 else None
"""It refuses to be root."""


class PgBouncer:
    """From `with` on. `settings` go into its section; `greeting` is what it tells each connection of its own first.

    It keeps no prepared statements for anybody, as none of them did for long.
    """

    def __init__(self, *settings: str, greeting: str = "") -> None:
        program = shutil.which("pgbouncer", path=os.pathsep.join([os.environ["PATH"], "/usr/sbin"]))
        if program is None:
            pytest.skip("pgbouncer is not installed")
        self._home = TemporaryDirectory(prefix="asynctasq-", ignore_cleanup_errors=True)
        self._port = _free_port()
        self._command = [program, "pgbouncer.ini"]
        more = ["max_prepared_statements = 0"] if _version(program) >= KEEPS_STATEMENTS else []
        self._write([*settings, *more], greeting)

    @property
    def dsn(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}{SERVER.path}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._home.cleanup()

    def start(self) -> None:
        """Return once it takes connections."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, cwd=self._home.name, user=USER, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, self._log.read_text(errors="replace")[-2000:]
            assert time.monotonic() < deadline, self._log.read_text(errors="replace")[-2000:]
            time.sleep(LOOK_AGAIN_SECONDS)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def _log(self) -> Path:
        return Path(self._home.name, "log")

    def _answers(self) -> bool:
        with socket.socket() as knock:
            return knock.connect_ex(("127.0.0.1", self._port)) == 0

    def _write(self, settings: Sequence[str], greeting: str) -> None:
        place = {"host": SERVER.hostname, "port": SERVER.port or 5432, "user": SERVER.username}
        place |= {"password": unquote(SERVER.password)} if SERVER.password else {}
        place |= {"connect_query": "'" + greeting.replace("'", "''") + "'"} if greeting else {}
        lines = [
            "[databases]",
            f"{SERVER.path[1:]} = {' '.join(f'{name}={value}' for name, value in place.items())}",
            "[pgbouncer]",
            "listen_addr = 127.0.0.1",
            f"listen_port = {self._port}",
            "unix_socket_dir =",
            "auth_type = any",
            *settings,
        ]
        file = Path(self._home.name, "pgbouncer.ini")
        file.write_text("\n".join(lines) + "\n")
        if USER:
            for each in (file.parent, file):
                shutil.chown(each, USER)


def _version(program: str) -> tuple[int, ...]:
    """Of `PgBouncer 1.18.0`, which is the first line."""
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, answer.split()[1].split(".")[:2]))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]
