"""`asynctasq demo`: the main job in one go, on a queue of its own that is gone afterwards."""

import asyncio
import contextlib
import os
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.live import Live

from asynctasq.app import current
from asynctasq.app.definition import Mode
from asynctasq.app.loops import run
from asynctasq.app.monitor import Monitor
from asynctasq.app.sendable import Sendable
from asynctasq.app.settings_info import PREFIX
from asynctasq.cli.demo_report import Report, Sight, read_notes
from asynctasq.cli.output import console, dump, say
from asynctasq.domain.errors import AsyncTasQError

DRIVER = "sqlite"
LOOK_SECONDS = 0.1
PATIENCE_SECONDS = 30.0
LEAVE_SECONDS = 10.0
LAST_LINES = 5


def demo(
    *,
    as_json: Annotated[bool, Parameter(name="--json", help="print one JSON object, no progress")] = False,
) -> None:
    """Dispatch real tasks to an embedded queue, run a worker, and watch: a retry, a delay and a dead letter too."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="asynctasq-demo-") as folder, contextlib.chdir(folder):
        # Whatever is configured outside, the demo shows the same.
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            del os.environ[name]
        report = run(_perform(Path(folder), console(quiet=as_json)))
    result = report.as_json(DRIVER, time.monotonic() - started)
    if as_json:
        dump(result)
    else:
        say(
            "\n{dispatched} dispatched, {succeeded} succeeded, {retried} retried, {dead} dead, "
            "on {driver} in {seconds} s".format(**result)
        )
    if result["succeeded"] + result["dead"] != result["dispatched"] or result["dead"] != 1:
        raise AsyncTasQError("the demo did not end as it should: one task was to die and the others to succeed")


async def _perform(folder: Path, screen: Console) -> Report:
    ledger = folder / "ledger"
    current.init({"driver": DRIVER, "sqlite": {"path": folder / "queue.db"}})
    application = current.application()
    try:
        screen.print(f"An embedded queue in {folder}, and a worker in a process of its own.\n")
        report = Report([Sight(await task.dispatch(), what, mode) for what, mode, task in _tasks(ledger)])
        async with _worker(folder) as worker:
            with Live(report.table(), console=screen) as live:
                async for _ in _looks(worker, folder):
                    await _look(application.monitor, report, ledger)
                    live.update(report.table())
                    if report.complete:
                        break
        return report
    finally:
        await application.aclose()


def _tasks(ledger: Path) -> list[tuple[str, Mode, Sendable]]:
    # Only here: whoever imports these has them in the registry, which is no place for them in a user's worker.
    from asynctasq.cli import demo_tasks as tasks

    return [
        *[(f"send greeting {number}", Mode.LOOP, tasks.send_greeting(ledger)) for number in (1, 2, 3)],
        *[(f"resize picture {number}", Mode.THREAD, tasks.resize_picture(ledger)) for number in (1, 2, 3)],
        *[(f"count primes {number}", Mode.PROCESS, tasks.count_primes(ledger)) for number in (1, 2)],
        *[(f"fetch and count {number}", Mode.PROCESS_LOOP, tasks.fetch_and_count(ledger)) for number in (1, 2)],
        ("charge card, fails at first", Mode.LOOP, tasks.ChargeCard(ledger=ledger)),
        ("send greeting 4, in a second", Mode.LOOP, tasks.send_greeting(ledger).delay(1)),
        ("print label, always fails", Mode.THREAD, tasks.print_label(ledger)),
    ]


async def _look(monitor: Monitor, report: Report, ledger: Path) -> None:
    views = await asyncio.gather(*(monitor.get(sight.id) for sight in report.sights))
    # After the queue was asked: what it no longer keeps has been written down by now.
    notes = read_notes(ledger)
    for sight, view in zip(report.sights, views, strict=True):
        sight.update(view, notes.get(sight.id, ()))


async def _looks(worker: Process, folder: Path) -> AsyncIterator[None]:
    """Time for another look, as long as the worker lives and there is hope."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        yield
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(worker.wait(), LOOK_SECONDS)
            raise AsyncTasQError(f"the demo's worker ended with status {worker.returncode}: {_last_words(folder)}")
    raise AsyncTasQError(f"the tasks of the demo did not end in {PATIENCE_SECONDS:.0f} s: {_last_words(folder)}")


@contextlib.asynccontextmanager
async def _worker(folder: Path) -> AsyncGenerator[Process]:
    """What `asynctasq worker` is, with its output in a file."""
    arguments = ["--app", "asynctasq.cli.demo_tasks", "--driver", DRIVER, "--sqlite-path", str(folder / "queue.db")]
    with (folder / "worker.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "asynctasq", "worker", *arguments, cwd=folder, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), LEAVE_SECONDS)
        except TimeoutError:
            process.kill()


def _last_words(folder: Path) -> str:
    return " | ".join((folder / "worker.log").read_text(errors="replace").splitlines()[-LAST_LINES:])
