"""Promise 15: whatever is opened can be closed, at any time, twice, side by side, and then nothing of it is left."""

import asyncio
import gc
import threading
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from asynctasq.domain.errors import Closed, Unsupported
from asynctasq.domain.lease import Lease
from asynctasq.domain.lifecycle import State
from asynctasq.domain.verdict import Ack
from asynctasq.ports.queue import Queue
from asynctasq.testing.contracts.promise import Contract, promise
from asynctasq.testing.contracts.stage import Stage, ids, put

ROUNDS, CLIENTS = 5, 8
DESCRIPTORS = Path("/dev/fd")


class LifecycleContract(Contract):
    @promise(15)
    async def test_close_twice_is_fine(self, stage: Stage) -> None:
        client = await stage.client()

        await client.close()
        await client.close()

    @promise(15)
    async def test_a_call_after_close_raises_closed(self, stage: Stage) -> None:
        client, message = await stage.client(), stage.message()
        await put(client, message)
        [lease] = await stage.lease(client)
        await client.close()

        for call in _queue_calls(client, stage, lease):
            with pytest.raises(Closed):
                await call()
        for call in _admin_calls(client, lease.message.id):
            with pytest.raises((Closed, Unsupported)):
                await call()

    @promise(15)
    async def test_a_waiting_lease_ends_when_its_client_is_closed(self, stage: Stage) -> None:
        client, other, message = await stage.client(), await stage.client(), stage.message()

        call = await stage.begin(_closed(stage.lease(client, wait=10)))
        await client.close()
        ended = await stage.answer(call)
        await put(other, message)

        assert ended
        assert ids(await stage.lease(other)) == [message.id]

    @promise(15)
    async def test_nothing_leaks(self, stage: Stage) -> None:
        await _open_and_close_many(stage)
        before = _resources()

        for _ in range(ROUNDS):
            await _open_and_close_many(stage)

        assert _grown(before, _resources()) == {}

    @promise(15)
    async def test_opening_can_be_cancelled_at_any_moment(self, stage: Stage) -> None:
        await _open_and_close_many(stage)
        before = _resources()

        for turns in range(12):
            opening = asyncio.create_task(stage.bench.open())
            for _ in range(turns):
                await asyncio.sleep(0)
            opening.cancel()
            await asyncio.wait([opening])
            if not opening.cancelled():
                await opening.result().close()
        await stage.bench.rest()

        assert _grown(before, _resources()) == {}


def _queue_calls(client: Queue, stage: Stage, lease: Lease) -> list[Callable[[], Awaitable[object]]]:
    return [
        client.ping,
        lambda: client.enqueue([stage.message()]),
        lambda: stage.lease(client),
        lambda: client.extend([lease], lease_seconds=1),
        lambda: client.settle([Ack(lease)]),
    ]


def _admin_calls(client: Queue, id: str) -> list[Callable[[], Awaitable[object]]]:
    admin = client.admin
    return [
        admin.queues,
        admin.stats,
        lambda: admin.find(state=State.DEAD),
        lambda: admin.fetch([id]),
        lambda: admin.requeue([id]),
        lambda: admin.cancel([id]),
        lambda: admin.delete([id]),
        lambda: admin.purge("one", states={State.DEAD}),
    ]


async def _closed(call: Coroutine[Any, Any, object]) -> bool:
    try:
        await call
    except Closed:
        return True
    return False


async def _open_and_close_many(stage: Stage) -> None:
    """Half of the clients are closed while they wait for work."""
    clients = await asyncio.gather(*(stage.bench.open() for _ in range(CLIENTS)))
    waiting = [asyncio.create_task(_closed(stage.lease(client, wait=10))) for client in clients[::2]]
    await asyncio.gather(*(put(client, stage.message("other")) for client in clients))
    await asyncio.gather(*(client.close() for client in [*clients, *clients]))
    await asyncio.gather(*waiting)
    await stage.bench.rest()


def _resources() -> dict[str, int]:
    gc.collect()
    return {
        "tasks": len(asyncio.all_tasks()),
        "threads": threading.active_count(),
        "descriptors": len(list(DESCRIPTORS.iterdir())) if DESCRIPTORS.is_dir() else 0,
    }


def _grown(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {name: after[name] - before[name] for name in before if after[name] > before[name]}
