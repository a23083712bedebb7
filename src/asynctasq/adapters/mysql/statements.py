"""The SQL beside this file, one verb each, with the names of the tables and with values written into it."""

import re
from functools import cache
from importlib.resources import files

from asynctasq.adapters.mysql.literals import Value, literal
from asynctasq.adapters.mysql.names import Tables

BEGIN = b"START TRANSACTION"
COMMIT = b"COMMIT"
ROLLBACK = b"ROLLBACK"

_PLACE = re.compile(r":([a-z]+)|{(queue|dead|sender)}")


class Statements:
    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._names = {"queue": tables.queue.quoted, "dead": tables.dead.quoted, "sender": tables.sender.quoted}
        self._templates: dict[str, Template] = {}

    def __call__(self, verb: str, **values: Value) -> bytes:
        """`<verb>.sql` with each `:name` replaced by the value of that name."""
        template = self._templates.get(verb) or self._parsed(verb)
        return b"".join(part if isinstance(part, bytes) else literal(values[part]) for part in template)

    def _parsed(self, verb: str) -> "Template":
        # Names of tables are put in where nobody looks for values any more: they may look like anything.
        text, *rest = _PLACE.split(sql(verb))
        template: Template = [text.encode()]
        for value, table, after in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
            template += [value or self._names[table].encode(), after.encode()]
        return self._templates.setdefault(verb, template)


Template = list[bytes | str]
"""Bytes as they are, and texts that name values."""


@cache
def sql(verb: str) -> str:
    """The text of `<verb>.sql` without its comments: it is sent with every call."""
    text = files("asynctasq.adapters.mysql").joinpath(f"{verb}.sql").read_text(encoding="utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("--"))
