"""Run every workload on every embedded queue, in rounds, and print the medians.

`python -m benchmarks sqlite redis` runs them on these drivers instead; a server is found by the usual variables.
"""

import logging
import os
import statistics
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from asynctasq.app.lifespan import Application
from asynctasq.app.loops import run
from asynctasq.container import build
from asynctasq.domain.lifecycle import State
from benchmarks import workloads
from benchmarks.workloads import Figures

DRIVERS = ("memory", "sqlite")
ROUNDS = 3
COUNT = 10_000
ONE_BY_ONE_COUNT = 2_000


async def measure(driver: str, folder: Path) -> Figures:
    figures: dict[str, float] = {}
    for number, workload in enumerate((_one_by_one, _together, _drain, _pick_up)):
        path = folder / f"{driver}-{number}.db"
        settings = {"driver": driver, "sqlite": {"path": str(path)}, "redis": {"prefix": f"bench-{os.getpid()}"}}
        application = build({**settings, "worker": {"concurrency": 100}})
        try:
            figures.update(await workload(application, folder / f"{driver}-{number}.latencies"))
            await application.monitor.purge("bench", states={State.PENDING})
        finally:
            await application.aclose()
    return figures


async def _one_by_one(application: Application, _: Path) -> Figures:
    return await workloads.dispatch_one_by_one(application, ONE_BY_ONE_COUNT)


async def _together(application: Application, _: Path) -> Figures:
    return await workloads.dispatch_together(application, COUNT)


async def _drain(application: Application, _: Path) -> Figures:
    return await workloads.drain(application, COUNT)


async def _pick_up(application: Application, latencies: Path) -> Figures:
    pick_up = workloads.pick_up_here if application.settings.driver == "memory" else workloads.pick_up_elsewhere
    return await pick_up(application, latencies)


def _table(rounds: dict[str, list[Figures]]) -> Table:
    table = Table("", *rounds, title=f"medians of {ROUNDS} rounds, Python {sys.version.split()[0]}")
    for figure in next(iter(rounds.values()))[0]:
        medians = (statistics.median(each[figure] for each in of_driver) for of_driver in rounds.values())
        table.add_row(figure, *(f"{median:,.1f}" for median in medians))
    return table


def main() -> None:
    logging.getLogger("asynctasq").setLevel(logging.ERROR)
    rounds: dict[str, list[Figures]] = {driver: [] for driver in sys.argv[1:] or DRIVERS}
    for _ in range(ROUNDS):
        for driver, figures in rounds.items():  # in turn, so that a slow minute of the machine hits both
            with tempfile.TemporaryDirectory() as folder:
                figures.append(run(measure(driver, Path(folder))))
    Console().print(_table(rounds))


if __name__ == "__main__":
    main()
