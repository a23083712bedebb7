"""SQLite's errors in words: what happened, to which file, and what to do."""

import sqlite3
from pathlib import Path

LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

_NO_SHARED_MEMORY = (
    "cannot be shared between processes there, as on a network file system: set ASYNCTASQ_SQLITE_PATH to a local disk"
)
_NOT_WRITABLE = "cannot be written: give this user write permission on the file and on its folder"
_NOT_OPENED = "cannot be opened: its folder must exist and be writable, and the path must not be a folder itself"
_NOT_A_QUEUE = "is not a SQLite database or is damaged: move it away, or set ASYNCTASQ_SQLITE_PATH to another file"

_LASTING = {
    sqlite3.SQLITE_READONLY: _NOT_WRITABLE,
    sqlite3.SQLITE_PERM: _NOT_WRITABLE,
    sqlite3.SQLITE_AUTH: _NOT_WRITABLE,
    sqlite3.SQLITE_CANTOPEN: _NOT_OPENED,
    sqlite3.SQLITE_NOTADB: _NOT_A_QUEUE,
    sqlite3.SQLITE_CORRUPT: _NOT_A_QUEUE,
    sqlite3.SQLITE_PROTOCOL: _NO_SHARED_MEMORY,
}
_NO_SHARED_MEMORY_CODES = frozenset(
    {
        sqlite3.SQLITE_IOERR_SHMOPEN,
        sqlite3.SQLITE_IOERR_SHMSIZE,
        sqlite3.SQLITE_IOERR_SHMLOCK,
        sqlite3.SQLITE_IOERR_SHMMAP,
    }
)


def is_locked(error: sqlite3.Error) -> bool:
    """Whether another process holds what this one needs: it passes."""
    return _primary_code(error) in LOCKED


def lasting_fault(error: sqlite3.Error, path: Path) -> str | None:
    """What is wrong if waiting will not mend it."""
    if getattr(error, "sqlite_errorcode", None) in _NO_SHARED_MEMORY_CODES:
        return f"{path} {_NO_SHARED_MEMORY} ({error})"
    remedy = _LASTING.get(_primary_code(error))
    return remedy and f"{path} {remedy} ({error})"


def fault(error: sqlite3.Error, path: Path) -> str:
    """What is wrong, lasting or not."""
    if is_locked(error):
        return f"{path} stayed locked by another process: end what holds a transaction open on it ({error})"
    if _primary_code(error) == sqlite3.SQLITE_FULL:
        return f"{path} cannot grow: free space on its disk ({error})"
    return lasting_fault(error, path) or f"{path} gave an error: see that its disk is well ({error})"


def no_shared_memory(path: Path) -> str:
    """What is wrong where SQLite silently declines its write-ahead log."""
    return f"{path} {_NO_SHARED_MEMORY}"


def _primary_code(error: sqlite3.Error) -> int:
    # Absent on errors that Python's own module raises.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
