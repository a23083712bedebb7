"""What goes to the terminal. User data is never taken for markup, nor for commands to the terminal."""

import json
import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from asynctasq.app.printable import printable

UNBOUNDED_COLUMNS = 10_000


def console(*, quiet: bool = False) -> Console:
    """Where people read. Into a pipe or file nothing is wrapped: ids and paths stay whole."""
    width = None if sys.stdout.isatty() else UNBOUNDED_COLUMNS
    return Console(markup=False, highlight=False, emoji=False, width=width, quiet=quiet)


def say(text: str) -> None:
    """A line or more for people."""
    print(printable(text))


def complain(text: str) -> None:
    """One line on stderr, whatever the text is."""
    print(f"asynctasq: {printable(' '.join(text.split()))}", file=sys.stderr)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A line for each row."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(printable, row))
    console().print(table)


def dump(value: object) -> None:
    """Machines read one line of JSON."""
    print(json.dumps(value))
