"""The Redis protocol: commands as bytes, and answers out of bytes."""

from typing import Any

from redis.exceptions import NoScriptError, ResponseError

LINE_END = b"\r\n"


def packed(*words: bytes) -> bytes:
    """One command."""
    return b"*%d\r\n%b" % (len(words), b"".join(map(word, words)))


def word(value: bytes) -> bytes:
    """One word of a command; in front of all stands their number."""
    return b"$%d\r\n%b\r\n" % (len(value), value)


def answer_at(data: bytes | bytearray, start: int) -> tuple[Any, int] | None:
    """The answer that begins at `start` and where it ends, None if it is not whole yet. An error is a value, too."""
    line_end = data.find(LINE_END, start)
    if line_end < 0:
        return None
    line, end = bytes(data[start + 1 : line_end]), line_end + 2
    match data[start]:
        case 0x24:  # $
            return _text_at(data, end, int(line))
        case 0x2A:  # *
            return _list_at(data, end, int(line))
        case 0x3A:  # :
            return int(line), end
        case 0x2D:  # -
            return _error(line.decode(errors="replace")), end
        case _:
            return line, end


def _text_at(data: bytes | bytearray, start: int, length: int) -> tuple[bytes | None, int] | None:
    if length < 0:
        return None, start
    end = start + length
    return (bytes(data[start:end]), end + 2) if len(data) >= end + 2 else None


def _list_at(data: bytes | bytearray, start: int, count: int) -> tuple[list[Any], int] | None:
    values: list[Any] = []
    for _ in range(count):
        found = answer_at(data, start)
        if found is None:
            return None
        value, start = found
        values.append(value)
    return values, start


def _error(text: str) -> ResponseError:
    kind, _, rest = text.partition(" ")
    return NoScriptError(rest) if kind == "NOSCRIPT" else ResponseError(text)
