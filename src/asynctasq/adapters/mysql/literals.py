"""Values as they stand in a statement. aiomysql sends text only and cannot write bytes, so this is done here."""

from collections.abc import Sequence

from attrs import frozen

LONGEST_TIME_SECONDS = 100 * 365 * 86400.0


@frozen
class Fragment:
    """Part of a statement that is written already."""

    sql: bytes


Value = str | bytes | int | float | None | Fragment | Sequence[str] | Sequence[int]


def literal(value: Value) -> bytes:
    """A session of ours escapes with backslashes and reads UTF-8, where neither they nor quotes are part of others."""
    match value:
        case None:
            return b"NULL"
        case Fragment(sql):
            return sql
        case str():
            # What cannot be stored was refused before; what only people read may lose half a surrogate pair.
            return b"'%s'" % _escaped(value.encode(errors="replace"))
        case bytes():
            return b"_binary'%s'" % _escaped(value)
        case int():
            return b"%d" % value
        case float():
            return repr(value).encode()
        case _:
            return b", ".join(map(literal, value)) or b"NULL"


def microseconds(seconds: float) -> int:
    """As the server counts time. A policy may grow a delay beyond every number."""
    return round(max(0.0, min(seconds, LONGEST_TIME_SECONDS)) * 1e6)


def is_storable(text: str, limit: int) -> bool:
    """Whether a column for so many characters gives it back as it is: trailing blanks do not count when it compares."""
    return 0 < len(text) <= limit and text[-1] != " " and text.encode(errors="ignore").decode() == text


def _escaped(data: bytes) -> bytes:
    return data.replace(b"\\", b"\\\\").replace(b"'", b"\\'")
