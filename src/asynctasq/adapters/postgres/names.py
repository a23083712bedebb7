"""The names of tables as settings give them, `table` or `schema.table`, and as SQL wants them, quoted."""

import re

from attrs import evolve, frozen

from asynctasq.domain.errors import ConfigurationError

_PART = r'"(?:[^"]|"")+"|[^".]+'
_NAME = re.compile(rf"(?:({_PART})\.)?({_PART})")
LONGEST_NAME_BYTES = 58
"""PostgreSQL cuts names at 63 bytes, and what we name after a table is five longer."""


def quoted(name: str) -> str:
    """As an identifier."""
    return '"' + name.replace('"', '""') + '"'


@frozen
class TableName:
    """`given` is what people wrote; upper and lower case stay as they are."""

    given: str
    schema: str
    table: str

    @classmethod
    def parse(cls, given: str) -> "TableName":
        """`table`, `schema.table`, or either part in double quotes if it holds a dot itself."""
        match = _NAME.fullmatch(given)
        schema, table = (_unquoted(match[1]), _unquoted(match[2])) if match else ("", "")
        if not (table and _is_name(table) and _is_name(schema)):
            raise ConfigurationError(
                f"table name {given!r} is not allowed: write table or schema.table, "
                f"each at most {LONGEST_NAME_BYTES} bytes long"
            )
        return cls(given, schema, table)

    def __str__(self) -> str:
        return self.beside(self.table)

    def suffixed(self, suffix: str) -> "TableName":
        """Another table in the same schema."""
        given = f'{self.given[:-1]}{suffix}"' if self.given.endswith('"') else f"{self.given}{suffix}"
        return TableName(given, self.schema, self.table + suffix)

    def beside(self, name: str) -> str:
        """The quoted name of something else in the same schema."""
        return f"{quoted(self.schema)}.{quoted(name)}" if self.schema else quoted(name)


def _unquoted(part: str | None) -> str:
    if part is None or not part.startswith('"'):
        return part or ""
    return part[1:-1].replace('""', '"')


def _is_name(part: str) -> bool:
    return "\0" not in part and len(part.encode(errors="replace")) <= LONGEST_NAME_BYTES


@frozen
class Tables:
    """Where a queue keeps its messages."""

    queue: TableName
    dead: TableName
    sender: TableName

    @classmethod
    def parse(cls, queue_table: str, dead_letter_table: str) -> "Tables":
        queue, dead = TableName.parse(queue_table), TableName.parse(dead_letter_table)
        sender = queue.suffixed("_sent")
        if str(dead) in (str(queue), str(sender)):
            raise ConfigurationError(
                f"dead_letter_table={dead_letter_table!r} must differ from {queue.given} and {sender.given}, "
                "which queue_table names"
            )
        return cls(queue, dead, sender)

    def within(self, *, queue: str, dead: str) -> "Tables":
        """With the schemas that they lie in, so that they are the same tables for whoever asks."""
        there = evolve(self.queue, schema=queue)
        return Tables(there, evolve(self.dead, schema=dead), there.suffixed("_sent"))

    def fill(self, statement: str) -> str:
        """The statement with the names in their places."""
        names = {
            "queue_table": str(self.queue),
            "dead_letter_table": str(self.dead),
            "sender_table": str(self.sender),
            "line_index": quoted(f"{self.queue.table}_line"),
            "line_index_with_schema": self.queue.beside(f"{self.queue.table}_line"),
            "id_index": quoted(f"{self.queue.table}_id"),
            "sender_index": quoted(f"{self.queue.table}_sid"),
            "dead_id_index": quoted(f"{self.dead.table}_id"),
            "page_index": quoted(f"{self.dead.table}_page"),
        }
        # Only these: what a name itself holds is not looked at again.
        return re.sub(r"\{(\w+)\}", lambda match: names[match[1]], statement)


@frozen
class Home:
    """Where a queue was found. `oid` is the number of its table: that of one with only the same name is another."""

    tables: Tables
    oid: int
    place: str

    @property
    def channel(self) -> str:
        """Where the queue's news is told."""
        return f"asynctasq_{self.oid}"
