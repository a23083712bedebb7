"""What a worker makes of its children: `python -m benchmarks.processes`.

Tasks of 20 ms of computing on two children, beside the same function in two bare processes that nobody hands anything.
"""

import logging
import multiprocessing
import os
import statistics
import tempfile
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

from attrs import frozen

from asynctasq import task
from asynctasq.app.loops import run
from asynctasq.container import build

CHILDREN = 2
COUNT = 100
ROUNDS = 9
TASK_SECONDS = 0.02


def compute(turns: int) -> None:
    """Keep a processor busy, for as long as it takes."""
    number = 1
    for _ in range(turns):
        number = number * 1103515245 % 2147483647


@task(queue="processes", process=True)
def compute_in_a_child(turns: int) -> None:
    _note(turns)


def _note(turns: int) -> None:
    start = time.perf_counter()
    compute(turns)
    with Path(os.environ["BENCH_TIMES"]).open("a", encoding="ascii") as file:
        file.write(f"{os.getpid()} {start} {time.perf_counter()}\n")


def _calibrated() -> int:
    turns = 10_000
    while True:
        start = time.process_time()
        compute(turns)
        seconds = time.process_time() - start
        if seconds > TASK_SECONDS / 2:
            return round(turns * TASK_SECONDS / seconds)
        turns *= 2


def _repeat(turns: int, count: int) -> None:
    for _ in range(count):
        _note(turns)


@frozen
class Figures:
    """Tasks a second, and how long a process did nothing between two tasks, at the median."""

    rate: float
    gap_ms: float


def bare(turns: int) -> Figures:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_repeat, args=(turns, COUNT // CHILDREN)) for _ in range(CHILDREN)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return _figures()


async def worker(turns: int, driver: str, folder: Path) -> Figures:
    settings = {"driver": driver, "sqlite": {"path": str(folder / "queue.db")}, "process_pool": {"size": CHILDREN}}
    application = build(settings)
    try:
        await application.dispatcher.dispatch_many([compute_in_a_child(turns) for _ in range(COUNT)])
        await application.worker(queues=["processes"], burst=True).run()
    finally:
        await application.aclose()
    return _figures()


def _figures() -> Figures:
    """From when all were at work: the start of a process is not the question here."""
    runs: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for line in Path(os.environ["BENCH_TIMES"]).read_text().splitlines():
        pid, start, end = line.split()
        runs[pid].append((float(start), float(end)))
    if sum(map(len, runs.values())) != COUNT or len(runs) != CHILDREN:
        raise RuntimeError(f"{[len(of_one) for of_one in runs.values()]} runs of {COUNT} tasks in {CHILDREN} processes")
    gaps = [later[0] - earlier[1] for of_one in runs.values() for earlier, later in pairwise(sorted(of_one))]
    all_begun = max(min(of_one)[0] for of_one in runs.values())
    first_done = min(max(of_one)[1] for of_one in runs.values())
    busy = sorted(run for of_one in runs.values() for run in of_one if all_begun <= run[0] <= first_done)
    return Figures((len(busy) - 1) / (busy[-1][0] - busy[0][0]), statistics.median(gaps) * 1000)


def main() -> None:
    logging.getLogger("asynctasq").setLevel(logging.ERROR)
    turns = _calibrated()
    rounds: dict[str, list[Figures]] = {"bare processes": [], "memory": [], "sqlite": []}
    for _ in range(ROUNDS):
        for name, figures in rounds.items():  # in turn, so that a slow minute of the machine hits all
            with tempfile.TemporaryDirectory() as folder:
                os.environ["BENCH_TIMES"] = f"{folder}/times"
                figures.append(bare(turns) if name == "bare processes" else run(worker(turns, name, Path(folder))))
    for name, figures in rounds.items():
        # The best round, not the middle one: whatever else the machine does can only slow a round down.
        rate = max(each.rate for each in figures)
        gap_ms = min(each.gap_ms for each in figures)
        share = rate / max(each.rate for each in rounds["bare processes"])
        print(f"{name:15} {rate:6.1f} tasks/s, {share:6.1%} of bare processes, {gap_ms:5.2f} ms between two tasks")


if __name__ == "__main__":
    main()
