"""Output from tasks: rich's building blocks, its console and our `print`."""

from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table

from asynctasq.adapters.console.printing import console, print

__all__ = ["Panel", "Syntax", "Table", "console", "print"]
