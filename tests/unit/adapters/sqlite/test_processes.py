"""Several processes on one file."""

import asyncio
from collections import Counter
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from asynctasq.adapters.sqlite.queue import SqliteQueue
from asynctasq.domain.message import Message
from asynctasq.domain.verdict import Ack

PRODUCERS = WORKERS = 2
MESSAGES = 200


def test_processes_that_dispatch_and_work_side_by_side_lose_and_double_nothing(path: Path):
    # Spawned, because children of a fork would share more than the file.
    context = get_context("spawn")
    results = context.Queue()
    children = [context.Process(target=_produce, args=(path, number)) for number in range(PRODUCERS)]
    children += [context.Process(target=_work, args=(path, results)) for _ in range(WORKERS)]

    for child in children:
        child.start()
    done = Counter(id for _ in range(WORKERS) for id in results.get(timeout=60))
    for child in children:
        child.join()

    assert done == Counter(f"{number}-{at}" for number in range(PRODUCERS) for at in range(MESSAGES))
    assert [child.exitcode for child in children] == [0] * len(children)


def _produce(path: Path, number: int) -> None:
    async def produce() -> None:
        queue = SqliteQueue(path)
        await queue.open()
        for at in range(0, MESSAGES, 5):
            batch = [Message(f"{number}-{at + n}", "default", task="t", body=b"") for n in range(5)]
            assert await queue.enqueue(batch) == []
        await queue.enqueue([Message(f"end-{number}", "end", task="t", body=b"")])
        await queue.close()

    asyncio.run(produce())


def _work(path: Path, results: Any) -> None:
    async def work() -> list[str]:
        queue = SqliteQueue(path)
        await queue.open()
        done: list[str] = []
        # Each worker ends with one of the messages that come last.
        while leases := await queue.lease(["default", "end"], limit=1, lease_seconds=30, owner="worker", wait=30):
            assert await queue.settle([Ack(lease) for lease in leases]) == []
            done += [lease.message.id for lease in leases]
            if leases[0].message.queue == "end":
                break
        await queue.close()
        return [id for id in done if not id.startswith("end")]

    results.put(asyncio.run(work()))
