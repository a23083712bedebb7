"""The tasks of `asynctasq demo`. Each notes in a file what it did, so that the demo need believe nobody."""

import asyncio
import json
import time
from pathlib import Path

from asynctasq import AsyncTask, task
from asynctasq.app.context import current

WORK_SECONDS = 0.2


def note(ledger: Path, event: str) -> None:
    """One line: which task, which attempt, what."""
    context = current.get()
    line = {"id": context and context.id, "attempt": context and context.attempt, "event": event}
    with ledger.open("a") as file:
        file.write(json.dumps(line) + "\n")


@task
async def send_greeting(ledger: Path) -> None:
    """On the worker's event loop."""
    note(ledger, "started")
    await asyncio.sleep(WORK_SECONDS)
    note(ledger, "finished")


@task
def resize_picture(ledger: Path) -> None:
    """In a thread."""
    note(ledger, "started")
    time.sleep(WORK_SECONDS)
    note(ledger, "finished")


@task(process=True)
def count_primes(ledger: Path) -> None:
    """In a child process."""
    note(ledger, "started")
    sum(all(number % divisor for divisor in range(2, number)) for number in range(2, 2000))
    note(ledger, "finished")


@task(process=True)
async def fetch_and_count(ledger: Path) -> None:
    """On the event loop of a child process."""
    note(ledger, "started")
    await asyncio.sleep(WORK_SECONDS)
    note(ledger, "finished")


class ChargeCard(AsyncTask[None]):
    """Fails at first, as networks do."""

    config = {"max_attempts": 3, "retry_delay": 0.5}  # noqa: RUF012 - how a task is configured

    ledger: Path

    async def execute(self) -> None:
        note(self.ledger, "started")
        if self._current_attempt == 1:
            raise ConnectionError("the bank did not answer")
        note(self.ledger, "finished")


@task(max_attempts=2, retry_delay=0.2)
def print_label(ledger: Path) -> None:
    """Never succeeds, so it ends among the dead letters."""
    note(ledger, "started")
    raise RuntimeError("the printer is out of paper")
