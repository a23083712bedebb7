"""The tasks that are measured: as little work as a task can do."""

import os
import time
from pathlib import Path

from asynctasq import task

started: list[float] = []
"""When each task of this process began, for workers that run in the process that measures."""


@task(queue="bench")
async def nothing(index: int) -> None:
    started.append(time.perf_counter())


@task(queue="bench")
async def pick_up(sent_at: float) -> None:
    """Note the age of the message, in the file that the measuring process reads."""
    age = time.time() - sent_at
    with Path(os.environ["BENCH_LATENCIES"]).open("a", encoding="ascii") as file:
        file.write(f"{age}\n")
