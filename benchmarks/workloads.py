"""What is measured. Each workload is given a fresh application and answers with one figure or a few."""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from asynctasq.app.lifespan import Application
from benchmarks import jobs

TOGETHER = 100
PICK_UPS = 200
PICK_UP_PAUSE_SECONDS = 0.01

Figures = Mapping[str, float]


async def dispatch_one_by_one(application: Application, count: int) -> Figures:
    dispatch = application.dispatcher.dispatch
    begun = time.perf_counter()
    for index in range(count):
        await dispatch(jobs.nothing(index))
    return {"dispatch one by one /s": count / (time.perf_counter() - begun)}


async def dispatch_together(application: Application, count: int) -> Figures:
    dispatch = application.dispatcher.dispatch
    begun = time.perf_counter()
    for _ in range(count // TOGETHER):
        await asyncio.gather(*(dispatch(jobs.nothing(index)) for index in range(TOGETHER)))
    return {"dispatch 100 together /s": count / (time.perf_counter() - begun)}


async def drain(application: Application, count: int) -> Figures:
    """From the first start to the last, so that neither the worker's start nor its end counts."""
    await application.dispatcher.dispatch_many([jobs.nothing(index) for index in range(count)])
    jobs.started.clear()
    await application.worker(queues=["bench"], burst=True).run()
    if len(jobs.started) != count:
        raise RuntimeError(f"{len(jobs.started)} runs of {count} tasks")
    return {"drain /s": (count - 1) / (jobs.started[-1] - jobs.started[0])}


async def pick_up_here(application: Application, latencies: Path) -> Figures:
    """By an idle worker of this process: all that a memory queue can have."""
    worker = application.worker(queues=["bench"])
    running = asyncio.ensure_future(worker.run())
    figures = await _pick_ups(application, latencies)
    worker.stop()
    await running
    return figures


async def pick_up_elsewhere(application: Application, latencies: Path) -> Figures:
    """By an idle worker process."""
    settings = application.settings
    environment = {
        **os.environ,
        "ASYNCTASQ_DRIVER": settings.driver,
        "ASYNCTASQ_SQLITE_PATH": str(settings.sqlite.path),
        "ASYNCTASQ_REDIS_PREFIX": settings.redis.prefix,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "asynctasq", "worker", "--app", "benchmarks.jobs", "--queues", "bench"),
        env={**environment, "BENCH_LATENCIES": str(latencies)},
        stderr=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        return await _pick_ups(application, latencies)
    finally:
        process.terminate()
        await process.wait()


async def _pick_ups(application: Application, latencies: Path) -> Figures:
    os.environ["BENCH_LATENCIES"] = str(latencies)
    latencies.touch()
    await application.dispatcher.dispatch(jobs.pick_up(time.time()))
    await _lines(latencies, 1)
    latencies.write_text("")
    for _ in range(PICK_UPS):
        await asyncio.sleep(PICK_UP_PAUSE_SECONDS)
        await application.dispatcher.dispatch(jobs.pick_up(time.time()))
    ages = sorted(float(line) * 1000 for line in await _lines(latencies, PICK_UPS))
    return {"pick-up p50 ms": statistics.median(ages), "pick-up p99 ms": ages[int(len(ages) * 0.99) - 1]}


async def _lines(file: Path, count: int) -> list[str]:
    async with asyncio.timeout(30):
        while True:
            lines = file.read_text().split()
            if len(lines) >= count:
                return lines
            await asyncio.sleep(0.02)
