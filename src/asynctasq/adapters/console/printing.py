"""A `print` that knows rich's markup, data and tables, and is plain where nobody watches."""

import builtins
import sys
from collections.abc import Iterable
from typing import Any, Protocol

from attrs import frozen
from rich.console import Console
from rich.highlighter import ReprHighlighter
from rich.pretty import is_expandable, pretty_repr
from rich.protocol import is_renderable
from rich.segment import Segments
from rich.text import Text

from asynctasq.adapters.console.markup import restored, styled

console = Console()
"""Rich's own console on the current standard output, for tables, panels and whatever else it can do."""

_highlight = ReprHighlighter().highlight


class Writable(Protocol):
    """What `print` can write to."""

    def write(self, text: str, /) -> object: ...


@frozen
class _Piece:
    text: str
    is_block: bool = False
    """Stands on lines of its own."""


def print(
    *objects: object,
    sep: str | None = " ",
    end: str | None = "\n",
    file: Writable | None = None,
    flush: bool = False,
) -> None:
    """Print as the built-in does, with colours on a terminal.

    Markup in strings is rendered, and removed where there is no terminal; what only looks like markup stays.
    On a terminal data is laid out and highlighted; elsewhere every object is one piece of plain text, never wrapped.
    """
    stream: Any = sys.stdout if file is None else file
    if stream is None:
        return  # as with the built-in in a process without standard output
    target = Console(file=stream)
    pieces = [_piece(each, target) for each in objects]
    text = _joined(pieces, " " if sep is None else sep) + ("\n" if end is None else end)
    # One write: lines of several threads do not mix.
    builtins.print(text, end="", file=stream, flush=flush)


def _piece(value: object, target: Console) -> _Piece:
    if isinstance(value, str):
        return _Piece(_written(_lit(styled(str(value)), target), target))
    if isinstance(value, Text):
        return _Piece(_written(value, target))
    if is_renderable(value) and not isinstance(value, type):
        return _Piece(_rendered(value, target).removesuffix("\n"), is_block=True)
    if target.is_terminal and is_expandable(value):
        return _Piece(_written(_lit(Text(pretty_repr(value, max_width=target.width)), target), target))
    return _Piece(str(value))


def _lit(text: Text, target: Console) -> Text:
    if target.is_terminal and "\x1b" not in text.plain:  # colours that are there already stay as they are
        _highlight(text)
    return text


def _written(text: Text, target: Console) -> str:
    # By segments, since a console would wrap lines and expand tabs.
    return restored(_rendered(Segments(text.render(target)), target) if target.is_terminal else text.plain)


def _rendered(value: object, target: Console) -> str:
    with target.capture() as capture:
        target.print(value, end="" if isinstance(value, Segments) else "\n", crop=False)
    return capture.get()


def _joined(pieces: Iterable[_Piece], sep: str) -> str:
    result = ""
    before: _Piece | None = None
    for piece in pieces:
        if before is not None:
            result += "\n" if piece.is_block or before.is_block else sep
        result += piece.text
        before = piece
    return result
