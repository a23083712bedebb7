"""A primary and its replica, which takes over while the old primary lives on and keeps its connections."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any, Self

import asyncpg
import pymysql
from redis import Redis

from tests.acceptance.brokers.servers import PASSWORD, MySQLServer, PostgresServer, RedisServer, Server, tables

PATIENCE_SECONDS = 20.0
LOOK_AGAIN_SECONDS = 0.02


class Pair(ABC):
    """Both run from `with` on."""

    old: Server
    new: Server

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.old)
            stack.enter_context(self.new)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @abstractmethod
    def fail_over(self) -> None:
        """Whatever the old primary has confirmed the new one knows."""


class RedisPair(Pair):
    """The old primary becomes a replica of the new one."""

    def __init__(self) -> None:
        self.old = _Redis()
        self.new = _Redis("--replicaof", f"127.0.0.1 {self.old.port}")

    def fail_over(self) -> None:
        with self._asked(self.old) as old:
            _until(lambda: old.info("replication").get("slave0", {}).get("state") == "online")
            old.execute_command("FAILOVER")
            _until(lambda: old.role()[0] == b"slave")

    @contextmanager
    def _asked(self, server: Server) -> Iterator[Any]:
        with Redis(port=server.port, password=PASSWORD) as redis:
            yield redis


class _Redis(RedisServer):
    def __init__(self, *options: str) -> None:
        super().__init__()
        self._options = options

    def command(self) -> Sequence[str]:
        # A failover asks for the password on both sides, and a replica is not waited for before it is sent the data.
        common = ["--masterauth", PASSWORD, "--repl-diskless-sync-delay", "0"]
        return [*super().command(), *common, *self._options]


class MySQLPair(Pair):
    """The old primary only reads, and hears nothing of the new one."""

    def __init__(self) -> None:
        self.old, self.new = _MySQL(1), _MySQL(2)

    def __enter__(self) -> Self:
        super().__enter__()
        source = f"MASTER_HOST='127.0.0.1', MASTER_PORT={self.old.port}, MASTER_USER='root'"
        _mysql(self.new, f"CHANGE MASTER TO {source}, MASTER_USE_GTID=slave_pos", "START SLAVE")
        # Who may do everything writes to replicas, too.
        _mysql(self.old, "CREATE DATABASE app", "CREATE USER worker", "GRANT ALL ON app.* TO worker")
        self._catch_up()
        return self

    def fail_over(self) -> None:
        _mysql(self.old, "SET GLOBAL read_only = 1")
        self._catch_up()
        _mysql(self.new, "STOP SLAVE")

    def _catch_up(self) -> None:
        [(position,)] = _mysql(self.old, "SELECT @@gtid_binlog_pos")
        assert _mysql(self.new, f"SELECT MASTER_GTID_WAIT('{position}', {PATIENCE_SECONDS})") == ((0,),)


class _MySQL(MySQLServer):
    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def command(self) -> Sequence[str]:
        return [*super().command(), f"--server-id={self._number}", "--log-bin=binlog", "--skip-name-resolve"]

    def settings(self, name: str, port: int) -> Mapping[str, str]:
        dsn = {"ASYNCTASQ_MYSQL_DSN": f"mysql://worker@127.0.0.1:{port}/app"}
        return {"ASYNCTASQ_DRIVER": "mysql", **dsn, **tables("MYSQL", name)}


class PostgresPair(Pair):
    """The old primary only reads by its setting: to make a standby of it would end its connections."""

    def __init__(self) -> None:
        self.old = PostgresServer()
        self.new = _Standby(self.old)

    def fail_over(self) -> None:
        fence = ("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
        _postgres(self.old, *fence)
        _until(lambda: _postgres(self.old, "SHOW default_transaction_read_only") == "on")
        position = _postgres(self.old, "SELECT pg_current_wal_flush_lsn()::text")
        _until(lambda: _postgres(self.new, f"SELECT pg_last_wal_replay_lsn() >= '{position}'"))
        assert _postgres(self.new, "SELECT pg_promote()")


class _Standby(PostgresServer):
    def __init__(self, primary: Server) -> None:
        super().__init__()
        self._primary = primary

    def preparations(self) -> Sequence[Sequence[str]]:
        source = ["-h", "127.0.0.1", "-p", str(self._primary.port), "-U", "postgres"]
        return [["pg_basebackup", *source, "-D", "data", "-R", "-c", "fast", "--no-sync"]]

    def answers(self) -> bool:
        """It only reads."""
        try:
            return bool(_postgres(self, "SELECT pg_is_in_recovery()"))
        except (OSError, asyncpg.PostgresError):
            return False


PAIRS: Mapping[str, type[Pair]] = {"redis": RedisPair, "postgres": PostgresPair, "mysql": MySQLPair}


def _mysql(server: Server, *statements: str) -> Sequence[tuple[Any, ...]]:
    with closing(pymysql.connect(host="127.0.0.1", port=server.port, user="root", autocommit=True)) as connection:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall()


def _postgres(server: Server, *statements: str) -> Any:
    async def run() -> Any:
        connection = await asyncpg.connect(server.settings("", server.port)["ASYNCTASQ_POSTGRES_DSN"])
        try:
            return [await connection.fetchval(statement) for statement in statements][-1]
        finally:
            await connection.close()

    return asyncio.run(run())


def _until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(LOOK_AGAIN_SECONDS)
