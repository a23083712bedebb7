"""Brokers of our own, each on its own port in its own folder: they may be killed, restarted and cut off."""

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import pytest

from asynctasq import plugins
from asynctasq.app.settings import Settings
from asynctasq.domain.errors import AsyncTasQError, Unavailable
from tests import moto_server

START_SECONDS = 60.0
LOOK_AGAIN_SECONDS = 0.05
PASSWORD = "secret"
"""As in the guides."""
POSTGRES_PROGRAMS = "/usr/lib/postgresql"
RABBITMQ_PROGRAMS = "/usr/lib/rabbitmq/bin"
CLOSED_PROPERLY = slice(8, 12)
"""Where a table of Erlang says whether the last of its changes have been written to it."""


class Server(ABC):
    """A broker that listens on `port` from `with` on. `settings` says how a program reaches it, by whatever way."""

    driver: str
    programs: tuple[str, ...]
    restarts: bool = True
    """Whether it still knows after a restart what it confirmed before."""
    user: str | None = None

    def __init__(self) -> None:
        self._home = TemporaryDirectory(prefix="asynctasq-", ignore_cleanup_errors=True)
        self.folder = Path(self._home.name)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._log = self.folder / "server.log"

    def __enter__(self) -> Self:
        missing = [name for name in self.programs if found(name) is None]
        if missing and os.environ.get("CI") == "true":
            pytest.fail(f"CI promises every broker, but {', '.join(missing)} is not installed", pytrace=False)
        if missing:
            pytest.skip(f"{', '.join(missing)} is not installed")
        if self.user:
            shutil.chown(self.folder, self.user)
        for command in self.preparations():
            self._run(command)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._home.cleanup()

    def preparations(self) -> Sequence[Sequence[str]]:
        """Commands that make what the server finds at its first start."""
        return ()

    @abstractmethod
    def command(self) -> Sequence[str]: ...

    def environ(self) -> Mapping[str, str]:
        return {}

    @abstractmethod
    def settings(self, name: str, port: int) -> Mapping[str, str]:
        """The environment of a program that reaches this server by that port; what it keeps there belongs to `name`."""

    def furnish(self, name: str) -> None:
        """Make what the driver wants to find at its first use."""
        settings = Settings.load(environ=self.settings(name, self.port), dotenv=None)
        if settings.driver in plugins.known("schemas"):
            asyncio.run(plugins.load("schemas", settings.driver)(settings).migrate())

    def start(self) -> None:
        """Return once it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                _command(self.command()),
                env=os.environ | dict(self.environ()),
                user=self.user,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            assert self._process.poll() is None, self._log.read_text(errors="replace")[-2000:]
            assert time.monotonic() < deadline, self._log.read_text(errors="replace")[-2000:]
            time.sleep(LOOK_AGAIN_SECONDS)

    def kill(self) -> None:
        """As a power failure ends it, with everything it started."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def settled(self) -> bool:
        """Whether all that was made on it lately would still be there after a `kill`."""
        return True

    def answers(self) -> bool:
        return asyncio.run(self._answers())

    async def _answers(self) -> bool:
        settings = Settings.load(environ=self.settings("knock", self.port), dotenv=None)
        queue = plugins.load("queues", self.driver)(settings)
        try:
            await queue.open()
        except Unavailable:
            return False
        except AsyncTasQError:  # it is there, and wants its tables
            return True
        finally:
            await queue.close()
        return True

    def _run(self, command: Sequence[str]) -> None:
        finished = subprocess.run(
            _command(command),
            user=self.user,
            cwd=self.folder,
            env=os.environ | dict(self.environ()),
            capture_output=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr.decode(errors="replace")


class RedisServer(Server):
    driver = "redis"
    programs = ("redis-server",)

    def command(self) -> Sequence[str]:
        options = ["--dir", str(self.folder), "--save", "", "--appendonly", "yes", "--appendfsync", "always"]
        return ["redis-server", "--port", str(self.port), "--requirepass", PASSWORD, *options]

    def settings(self, name: str, port: int) -> Mapping[str, str]:
        address = {"ASYNCTASQ_REDIS_URL": f"redis://127.0.0.1:{port}", "ASYNCTASQ_REDIS_PASSWORD": PASSWORD}
        return {"ASYNCTASQ_DRIVER": "redis", **address, "ASYNCTASQ_REDIS_PREFIX": name}


class PostgresServer(Server):
    driver = "postgres"
    programs = ("initdb", "postgres")
    user = "postgres" if os.geteuid() == 0 else None

    def preparations(self) -> Sequence[Sequence[str]]:
        return [["initdb", "-D", "data", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"]]

    def command(self) -> Sequence[str]:
        return ["postgres", "-D", "data", "-p", str(self.port), "-h", "127.0.0.1", "-k", ""]

    def settings(self, name: str, port: int) -> Mapping[str, str]:
        dsn = {"ASYNCTASQ_POSTGRES_DSN": f"postgresql://postgres@127.0.0.1:{port}/postgres"}
        return {"ASYNCTASQ_DRIVER": "postgres", **dsn, **tables("POSTGRES", name)}


class MySQLServer(Server):
    driver = "mysql"
    programs = ("mariadb-install-db", "mariadbd")

    def preparations(self) -> Sequence[Sequence[str]]:
        options = ["--skip-test-db", "--auth-root-authentication-method=normal"]
        return [["mariadb-install-db", *self._options(), *options]]

    def command(self) -> Sequence[str]:
        place = [f"--port={self.port}", f"--socket={self.folder}/socket", f"--pid-file={self.folder}/pid"]
        return ["mariadbd", *self._options(), *place, "--bind-address=127.0.0.1"]

    def _options(self) -> Sequence[str]:
        user = pwd.getpwuid(os.geteuid()).pw_name
        return ["--no-defaults", f"--user={user}", f"--datadir={self.folder}/data"]

    def settings(self, name: str, port: int) -> Mapping[str, str]:
        dsn = {"ASYNCTASQ_MYSQL_DSN": f"mysql://root@127.0.0.1:{port}/mysql"}
        return {"ASYNCTASQ_DRIVER": "mysql", **dsn, **tables("MYSQL", name)}


class RabbitMQServer(Server):
    driver = "rabbitmq"
    programs = ("rabbitmq-server",)

    def __init__(self) -> None:
        super().__init__()
        self._distribution_port = free_port()

    def command(self) -> Sequence[str]:
        return ["rabbitmq-server"]

    def environ(self) -> Mapping[str, str]:
        (self.folder / "plugins").write_text("[].\n")
        return {
            "HOME": str(self.folder),
            "RABBITMQ_NODENAME": f"asynctasq-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "none"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
        }

    def settled(self) -> bool:
        # Before 4.0 it writes down a second later which quorum queues there are, and what it confirmed for one that it
        # has forgotten is lost. The queue is there, but has no leader and gives no answer, for good.
        tables = list(self.folder.glob("data/*/quorum/*/names.dets"))
        return bool(tables) and all(any(table.read_bytes()[CLOSED_PROPERLY]) for table in tables)

    def settings(self, name: str, port: int) -> Mapping[str, str]:
        url = {"ASYNCTASQ_RABBITMQ_URL": f"amqp://guest:guest@127.0.0.1:{port}/?heartbeat=1"}
        return {"ASYNCTASQ_DRIVER": "rabbitmq", **url, "ASYNCTASQ_RABBITMQ_EXCHANGE_NAME": name}


class SQSServer(Server):
    driver = "sqs"
    programs = ("moto_server",)
    restarts = False
    """What stands in for the service forgets everything at its end."""

    def command(self) -> Sequence[str]:
        return [sys.executable, moto_server.__file__, "--patience", "1", "--port", str(self.port)]

    def settings(self, name: str, port: int) -> Mapping[str, str]:
        return {
            "ASYNCTASQ_DRIVER": "sqs",
            "ASYNCTASQ_SQS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "ASYNCTASQ_SQS_AWS_ACCESS_KEY_ID": "test",
            "ASYNCTASQ_SQS_AWS_SECRET_ACCESS_KEY": "test",
        }

    def furnish(self, name: str) -> None:
        """Forget what others left."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/control", b'{"forget": true}', method="POST")
        urllib.request.urlopen(request, timeout=10).close()


SERVERS: dict[str, type[Server]] = {
    each.driver: each for each in (RedisServer, PostgresServer, MySQLServer, RabbitMQServer, SQSServer)
}


def found(program: str) -> str | None:
    """The path of a program: Debian keeps some of them off the PATH."""
    places = [str(Path(sys.executable).parent), RABBITMQ_PROGRAMS, os.environ["PATH"], "/usr/sbin"]
    places += [str(folder / "bin") for folder in sorted(Path(POSTGRES_PROGRAMS).glob("*"), reverse=True)]
    return shutil.which(program, path=os.pathsep.join(places))


def free_port() -> int:
    with socket.socket() as any_socket:
        any_socket.bind(("127.0.0.1", 0))
        return any_socket.getsockname()[1]


def tables(driver: str, name: str) -> Mapping[str, str]:
    kinds = {"QUEUE": f"{name}_queue", "DEAD_LETTER": f"{name}_dead"}
    return {f"ASYNCTASQ_{driver}_{kind}_TABLE": table for kind, table in kinds.items()}


def _command(command: Sequence[str]) -> list[str]:
    program, *arguments = command
    return [found(program) or program, *arguments]
