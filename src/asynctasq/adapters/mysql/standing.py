"""How the tables stand: each bears its version in its comment."""

import re
from collections.abc import Mapping, Sequence, Set

from attrs import frozen

from asynctasq.adapters.mysql.connection import Connection
from asynctasq.adapters.mysql.faults import MIGRATE
from asynctasq.adapters.mysql.names import Table
from asynctasq.adapters.mysql.statements import Statements
from asynctasq.domain.errors import ConfigurationError, SchemaMismatch

SCHEMA_VERSIONS: Mapping[str, int] = {"queue": 2, "dead letters": 2, "senders": 1}
"""By kind."""

_MARK = re.compile(r"asynctasq (queue|dead letters|senders), schema (\d+)")
_ROW = frozenset(("seq", "id", "queue", "tier", "leases", "attempt", "failures", "owner", "error", "header", "body"))
_COLUMNS: Mapping[str, Sequence[Set[str]]] = {
    "queue": (_ROW | {"due", "running"}, _ROW | {"due", "running", "skewed_seconds"}),
    "dead letters": (_ROW | {"state"}, _ROW | {"state", "ended_at"}),
    "senders": (frozenset(("sender", "number", "seen_at")),),
}
"""By version: what tells whether a table without a mark can be adopted."""


@frozen
class Standing:
    """`kind` is what the table is for. `version` is 0 where there is none, None where it is not ours."""

    table: Table
    kind: str
    version: int | None

    @property
    def wanted(self) -> int:
        return SCHEMA_VERSIONS[self.kind]


async def check(connection: Connection, statements: Statements) -> None:
    """Raises `SchemaMismatch` unless all tables are as this version needs them."""
    for standing in await standings(connection, statements):
        if text := problem(standing):
            raise SchemaMismatch(text)


async def standings(connection: Connection, statements: Statements) -> Sequence[Standing]:
    """In the order in which they are made."""
    tables = dict(
        zip(SCHEMA_VERSIONS, (statements.tables.queue, statements.tables.dead, statements.tables.sender), strict=True)
    )
    looks = (_about(table, "standing", connection, statements) for table in tables.values())
    answers = await connection.run(*looks)
    return [
        Standing(table, kind, _version(kind, answer.rows[0][0]) if answer.rows else 0)
        for (kind, table), answer in zip(tables.items(), answers, strict=True)
    ]


def problem(standing: Standing) -> str:
    """What a person has to do before this table can be used; nothing if it can."""
    table, version, wanted = standing.table, standing.version, standing.wanted
    if version is None:
        return (
            f"the table {table} was not made by asynctasq: {_other_name(standing)},"
            f" or adopt it with {MIGRATE[:-1]} --force`"
        )
    if version == 0:
        return f"the table {table} does not exist: run {MIGRATE}"
    if version < wanted:
        return f"the table {table} has schema version {version}, not {wanted}: run {MIGRATE}"
    if version > wanted:
        remedy = f"upgrade asynctasq to the one whose {MIGRATE} made it"
        return f"the table {table} has schema version {version}, this asynctasq knows up to {wanted}: {remedy}"
    return ""


async def adoptable(connection: Connection, statements: Statements, standing: Standing) -> int:
    """The version that a table has without saying so."""
    [answer] = await connection.run(_about(standing.table, "columns", connection, statements))
    columns = {column for (column,) in answer.rows}
    for version, ours in enumerate(_COLUMNS[standing.kind], 1):
        if columns == ours:
            return version
    raise ConfigurationError(
        f"the table {standing.table} cannot be adopted, its columns are others: {_other_name(standing)}"
    )


def mark(kind: str, version: int) -> str:
    """As the .sql files write it too."""
    return f"asynctasq {kind}, schema {version}"


def _about(table: Table, verb: str, connection: Connection, statements: Statements) -> bytes:
    return statements(verb, schema=table.schema or connection.database, table=table.name)


def _version(kind: str, comment: str) -> int | None:
    found = _MARK.fullmatch(comment)
    return int(found[2]) if found and found[1] == kind else None


def _other_name(standing: Standing) -> str:
    setting = "DEAD_LETTER_TABLE" if standing.kind == "dead letters" else "QUEUE_TABLE"
    return f"set ASYNCTASQ_MYSQL_{setting} to another name"
