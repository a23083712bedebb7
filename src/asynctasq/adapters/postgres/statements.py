"""The SQL beside this file, one verb each."""

from functools import cache
from importlib.resources import files

from asynctasq.adapters.postgres.names import Tables


@cache
def sql(verb: str, tables: Tables) -> str:
    """The text of `<verb>.sql` with the names of the tables."""
    return tables.fill(_text(verb))


def statements(verb: str, tables: Tables) -> list[str]:
    """The same where `<verb>.sql` holds several. What a name holds parts nothing."""
    return [tables.fill(part.strip()) for part in _text(verb).split(";")]


def _text(verb: str) -> str:
    return files("asynctasq.adapters.postgres").joinpath(f"{verb}.sql").read_text(encoding="utf-8")
