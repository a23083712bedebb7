"""A MySQL that is not MariaDB, where there is one."""

import subprocess
from collections.abc import Sequence

import pytest

from tests.acceptance.brokers.servers import MySQLServer, found


class TrueMySQLServer(MySQLServer):
    """`options` are for the running server."""

    programs = ("mysqld",)

    def __init__(self, *options: str) -> None:
        program = found("mysqld")
        # What MariaDB installs has a `mysqld` too, which is its own.
        if (
            program is None
            or b"MariaDB" in subprocess.run([program, "--version"], capture_output=True, check=True).stdout
        ):
            pytest.skip("no mysqld to start that is not MariaDB's")
        super().__init__()
        self._more = options

    def preparations(self) -> Sequence[Sequence[str]]:
        return [["mysqld", *self._options(), "--initialize-insecure"]]

    def command(self) -> Sequence[str]:
        return ["mysqld", *super().command()[1:], "--mysqlx=OFF", *self._more]

    def _options(self) -> Sequence[str]:
        # A build may name a folder for this that only its package makes.
        return [*super()._options(), "--secure-file-priv=NULL"]
