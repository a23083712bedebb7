"""What must be there before the first message: a recent library, a folder, a file that is ours and has our tables."""

import sqlite3
from pathlib import Path

from asynctasq.adapters.sqlite.faults import no_shared_memory
from asynctasq.adapters.sqlite.statements import sql
from asynctasq.domain.errors import ConfigurationError

OLDEST_SQLITE = (3, 35)
APPLICATION_ID = 1096045905
SCHEMA_VERSION = 1


def check_library() -> None:
    """UPDATE … FROM and RETURNING must be known."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        raise ConfigurationError(
            f"the sqlite driver needs SQLite {oldest} or newer, this Python has {sqlite3.sqlite_version}:"
            " use a newer Python build or another driver"
        )


def prepare_folder(path: Path) -> None:
    """Make the folder of the file; our own hides itself from git."""
    folder = path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if folder.name == ".asynctasq" and not (folder / ".gitignore").exists():
            (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"the folder of {path} cannot be made: create it, or set ASYNCTASQ_SQLITE_PATH to another file ({error})"
        ) from error


def prepare_file(connection: sqlite3.Connection, path: Path) -> None:
    """Nothing changes in a file that is not ours."""
    _check_owner(connection, path)
    if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
        raise ConfigurationError(no_shared_memory(path))
    if _version(connection) == 0:
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            _create(connection, path)


def _create(connection: sqlite3.Connection, path: Path) -> None:
    # Another process may have done it, or more, before this transaction began.
    _check_owner(connection, path)
    if _version(connection) == 0:
        # Not `executescript`: it would commit first.
        for statement in sql("schema").split(";"):
            connection.execute(statement)


def _check_owner(connection: sqlite3.Connection, path: Path) -> None:
    # Tables first: another process may make ours between the two, and it signs them in the same step.
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    version = _version(connection)
    if tables and owner != APPLICATION_ID:
        raise ConfigurationError(
            f"{path} belongs to another program: set ASYNCTASQ_SQLITE_PATH to a file of its own for the queue"
        )
    if version > SCHEMA_VERSION:
        raise ConfigurationError(
            f"{path} has schema version {version}, this asynctasq knows up to {SCHEMA_VERSION}:"
            " upgrade asynctasq, or set ASYNCTASQ_SQLITE_PATH to another file"
        )


def _version(connection: sqlite3.Connection) -> int:
    return connection.execute("PRAGMA user_version").fetchone()[0]
