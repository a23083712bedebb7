"""The tables by name: as the server must be asked for them, and as people know them."""

from attrs import frozen

from asynctasq.domain.errors import ConfigurationError

LONGEST_NAME = 59
"""The server takes 64, and what we name after a table is five longer."""


@frozen
class Table:
    """`schema` is what MySQL also calls a database; None is the one of the connection."""

    schema: str | None
    name: str

    @property
    def quoted(self) -> str:
        parts = (self.schema, self.name) if self.schema is not None else (self.name,)
        return ".".join(f"`{part.replace('`', '``')}`" for part in parts)

    def __str__(self) -> str:
        return self.name if self.schema is None else f"{self.schema}.{self.name}"


@frozen
class Tables:
    queue: Table
    dead: Table
    sender: Table


def tables(queue_table: str, dead_letter_table: str) -> Tables:
    """From the settings: each is `table` or `database.table`."""
    queue, dead = _table("queue_table", queue_table), _table("dead_letter_table", dead_letter_table)
    sender = Table(queue.schema, f"{queue.name}_sent")
    if dead in (queue, sender):
        raise ConfigurationError(f"mysql dead_letter_table={dead} must differ from {queue} and {sender} of queue_table")
    return Tables(queue, dead, sender)


def _table(setting: str, text: str) -> Table:
    schema, dot, name = text.rpartition(".")
    parts = (schema, name) if dot else (name,)
    if not all(map(_is_name, parts)):
        raise ConfigurationError(
            f"mysql {setting}={text!r}: must be `table` or `database.table`, each of 1 to {LONGEST_NAME} characters"
        )
    return Table(schema if dot else None, name)


def _is_name(part: str) -> bool:
    # The server knows no identifiers beyond the Basic Multilingual Plane, nor a blank at the end.
    return (
        0 < len(part) <= LONGEST_NAME
        and part == part.rstrip()
        and "." not in part
        and "\0" < min(part) <= max(part) < "\ud800"
    )
