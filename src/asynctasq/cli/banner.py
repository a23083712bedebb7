"""What a worker says of itself when it starts."""

import asyncio
import platform
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from rich.panel import Panel
from rich.table import Table

from asynctasq.app.lifespan import Application
from asynctasq.app.runner import EXECUTE
from asynctasq.cli.order import Order
from asynctasq.cli.output import console, printable, say
from asynctasq.domain.errors import Unavailable, Unsupported

PATIENCE_SECONDS = 3.0


async def show(application: Application, order: Order) -> None:
    """Framed on a terminal, one fact a line elsewhere."""
    title = f"AsyncTasQ {version('asynctasq')}"
    facts = await _facts(application, order)
    if sys.stdout.isatty():
        grid = Table.grid(padding=(0, 2))
        for name, value in facts.items():
            grid.add_row(name, printable(value), style=None)
        console().print(Panel(grid, title=title, title_align="left", expand=False))
    else:
        say(f"{title} worker")
        for name, value in facts.items():
            for line in value.splitlines():
                say(f"  {name:<12} {line}")
    sys.stdout.flush()


async def _facts(application: Application, order: Order) -> Mapping[str, str]:
    settings = application.settings.worker
    place, waiting, risks = await _reach(application)
    names = ", ".join(order.queues) or ", ".join(dict.fromkeys([*application.known_queues(), *waiting]))
    imports = ", ".join(settings.imports)
    return {
        "driver": place,
        "queues": names if order.queues else f"{names}, and every other one that holds messages",
        "concurrency": str(settings.concurrency)
        + (f" in each of {order.processes} processes" if order.processes > 1 else ""),
        "modes": ", ".join(mode.value for mode in EXECUTE),
        "lease": f"{settings.lease_seconds:g} s, renewed while a task runs",
        **({"durability": "\n".join(risks)} if risks else {}),
        "apps": f"{imports}, nothing else is imported" if imports else f"task modules found under {Path.cwd()}",
        "python": f"{platform.python_version()}, {type(asyncio.get_running_loop()).__module__.partition('.')[0]}",
    }


async def _reach(application: Application) -> tuple[str, Sequence[str], Sequence[str]]:
    """Where the queue is, which ones hold messages, what could lose them. Without an answer a worker starts too."""
    monitor = application.monitor
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            place, risks = await monitor.describe(), await monitor.durability()
            try:
                stats = await monitor.stats()
            except Unsupported:
                return place, (), risks
    except (Unavailable, TimeoutError) as error:
        reason = str(error) or f"no answer in {PATIENCE_SECONDS:g} s"
        return f"{application.settings.driver}, asked until it answers: {reason}", (), ()
    return place, [each.name for each in stats if each.pending or each.scheduled or each.running], risks
