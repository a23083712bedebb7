"""What we write on our tables, so that we know them again: that they are ours, and how they are made."""

import re

from attrs import frozen

from asynctasq.adapters.postgres.entering import Fetch
from asynctasq.adapters.postgres.faults import COMMAND
from asynctasq.adapters.postgres.names import Tables
from asynctasq.adapters.postgres.statements import sql
from asynctasq.domain.errors import SchemaMismatch

VERSION = 2

_MARK = re.compile(r"asynctasq schema (\d+)")


@frozen
class Mark:
    """`oid` is None where there is no such table, `version` where there is no word of ours on it."""

    oid: int | None
    version: int | None

    @property
    def is_foreign(self) -> bool:
        return self.oid is not None and self.version is None

    @property
    def problem(self) -> str | None:
        """Why this version cannot work with it."""
        if self.oid is None:
            return f"is not there: run {COMMAND}"
        if self.version is None:
            return f"was not made by AsyncTasQ: name another one, or run {COMMAND} --force to adopt it"
        if self.version < VERSION:
            return f"has schema version {self.version}, this AsyncTasQ wants {VERSION}: run {COMMAND}"
        if self.version > VERSION:
            return f"has schema version {self.version}, this AsyncTasQ knows up to {VERSION}: upgrade AsyncTasQ here"
        return None


def mark(version: int) -> str:
    """The comment on a table."""
    return f"asynctasq schema {version}"


async def read_marks(fetch: Fetch, tables: Tables) -> tuple[Mark, Mark]:
    """Of the queue's table and of the one for dead letters."""
    rows = await fetch(sql("marks", tables), str(tables.queue), str(tables.dead))
    row = rows[0]
    return Mark(row["queue_oid"], _version(row["queue_mark"])), Mark(row["dead_oid"], _version(row["dead_mark"]))


async def checked_channel(fetch: Fetch, tables: Tables, place: str) -> str:
    """Where the queue's news is told. Raises `SchemaMismatch` unless the tables are as this version wants them."""
    queue, dead = await read_marks(fetch, tables)
    for name, found in ((tables.queue, queue), (tables.dead, dead)):
        if found.problem:
            raise SchemaMismatch(f"{place}: table {name.given} {found.problem}")
    # The number of the table, because its name depends on who asks.
    return f"asynctasq_{queue.oid}"


def _version(comment: str | None) -> int | None:
    match = _MARK.match(comment or "")
    return int(match[1]) if match else None
