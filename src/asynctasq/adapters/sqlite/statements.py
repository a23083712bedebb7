"""The SQL beside this file, one verb each."""

from functools import cache
from importlib.resources import files


@cache
def sql(verb: str) -> str:
    """The text of `<verb>.sql`."""
    return files("asynctasq.adapters.sqlite").joinpath(f"{verb}.sql").read_text(encoding="utf-8")
