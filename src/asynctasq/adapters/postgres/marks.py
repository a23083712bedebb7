"""What we write on our tables, so that we know them again: that they are ours, and how they are made."""

import re

from attrs import frozen

from asynctasq.adapters.postgres.entering import Fetch
from asynctasq.adapters.postgres.faults import COMMAND
from asynctasq.adapters.postgres.names import Home, TableName, Tables
from asynctasq.adapters.postgres.statements import sql
from asynctasq.domain.errors import SchemaMismatch

QUEUE_VERSION = 2
DEAD_VERSION = 2
SENDER_VERSION = 1

_MARK = re.compile(r"asynctasq schema (\d+)")


@frozen
class Mark:
    """`oid` and `schema` are None where there is no such table, `version` where there is no word of ours on it.

    `wanted` is the version that this AsyncTasQ works with.
    """

    table: TableName
    wanted: int
    oid: int | None
    schema: str | None
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
        if self.version < self.wanted:
            return f"has schema version {self.version}, this AsyncTasQ wants {self.wanted}: run {COMMAND}"
        if self.version > self.wanted:
            return (
                f"has schema version {self.version}, this AsyncTasQ knows up to {self.wanted}: upgrade AsyncTasQ here"
            )
        return None


def mark(version: int) -> str:
    """The comment on a table."""
    return f"asynctasq schema {version}"


async def read_marks(fetch: Fetch, tables: Tables) -> tuple[Mark, Mark, Mark]:
    """Of the queue's table, of the one for dead letters, and of the one for senders."""
    wanted = {tables.queue: QUEUE_VERSION, tables.dead: DEAD_VERSION, tables.sender: SENDER_VERSION}
    rows = await fetch(sql("marks", tables), list(map(str, wanted)))
    queue, dead, sender = (
        Mark(table, version, row["oid"], row["schema"], _version(row["mark"]))
        for (table, version), row in zip(wanted.items(), rows, strict=True)
    )
    return queue, dead, sender


async def checked_home(fetch: Fetch, tables: Tables, place: str) -> Home:
    """Raises `SchemaMismatch` unless the tables are as this version wants them."""
    queue, dead, sender = await read_marks(fetch, tables)
    for found in (queue, dead, sender):
        if found.problem:
            raise SchemaMismatch(f"{place}: table {found.table.given} {found.problem}")
    return Home(tables.within(queue=queue.schema or "", dead=dead.schema or ""), queue.oid or 0, place)


def _version(comment: str | None) -> int | None:
    match = _MARK.match(comment or "")
    return int(match[1]) if match else None
