"""Where a contract plays: one event loop, one bench, and the clients that a test opened on it."""

import asyncio
import uuid
from collections.abc import Coroutine, Generator, Iterable, Mapping, Sequence, Set
from contextlib import contextmanager
from itertools import count
from typing import Any, TypeVar

import attrs
import pytest

from asynctasq.domain.lease import Lease
from asynctasq.domain.message import IdempotencyKey, Message
from asynctasq.domain.verdict import Reason, Refusal
from asynctasq.ports.admin import AdminCapabilities
from asynctasq.ports.queue import Capabilities, Queue
from asynctasq.testing.bench import QueueBench

T = TypeVar("T")

RESTS = 100
"""So many rests of the bench are waited for an answer that must come."""


class Stage:
    """Lengths of time are in the bench's units throughout."""

    def __init__(self, bench: QueueBench, runner: asyncio.Runner) -> None:
        self.bench = bench
        self.unit = bench.unit_seconds
        self._runner = runner
        self._clients: list[Queue] = []
        self._numbers = count(1)

    @classmethod
    @contextmanager
    def on(cls, make_bench: type[QueueBench]) -> Generator["Stage"]:
        with asyncio.Runner() as runner:
            # Made on the loop: what a bench builds may belong to it.
            stage = cls(runner.run(_made(make_bench)), runner)
            try:
                stage.run(stage.bench.reset())
                yield stage
            finally:
                stage.run(stage.clear())

    def run(self, scenario: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(scenario)

    async def clear(self) -> None:
        for client in self._clients:
            await client.close()
        await self.bench.close()

    async def client(self) -> Queue:
        client = await self.bench.open()
        self._clients.append(client)
        return client

    def require(self, needs: Iterable[str]) -> None:
        """Skip the running test if the queue does not declare all these abilities."""
        if needs and (missing := set(needs) - self.run(self._abilities())):
            pytest.skip(f"needs a queue that declares {', '.join(sorted(missing))}")

    async def advance(self, units: float) -> None:
        await self.bench.advance(units * self.unit)
        await self.bench.rest()

    async def end_leases(self, holder: Queue, units: float) -> None:
        """Let leases end that have so long to go: by time, or else with the connection of who holds them.

        An idle call follows, so that only the test of promise 6 depends on none being needed.
        """
        if not holder.capabilities.leases_expire:
            await self.bench.crash(holder)
        await self.advance(units + 0.5)
        await put(await self.client())

    async def begin(self, call: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a call and let it come to its answer or to where it waits."""
        task = asyncio.create_task(call)
        await self.bench.rest()
        return task

    async def answer(self, task: asyncio.Task[T]) -> T:
        """What a call that was begun gives; fails if it goes on waiting although no time passes."""
        for _ in range(RESTS):
            if task.done():
                return task.result()
            await self.bench.rest()
        task.cancel()
        raise AssertionError("the call goes on waiting")

    async def lease(
        self, client: Queue, *queues: str, limit: int = 10, lasts: float = 10, wait: float = 0
    ) -> Sequence[Lease]:
        return await client.lease(
            queues or ("one",), limit=limit, lease_seconds=lasts * self.unit, owner="contract", wait=wait * self.unit
        )

    def message(
        self,
        queue: str = "one",
        *,
        delay: float = 0,
        body: bytes = b"body",
        headers: Mapping[str, str] | None = None,
        priority: int = 0,
    ) -> Message:
        """A message with an id of its own."""
        return Message(
            f"message-{next(self._numbers)}",
            queue,
            task="tasks:work",
            body=body,
            headers=headers or {},
            delay_seconds=delay * self.unit,
            priority=priority,
        )

    def key(self) -> IdempotencyKey:
        """The key of the first call of a sender whom nobody has heard of."""
        return IdempotencyKey(uuid.uuid4().hex, 1)

    async def _abilities(self) -> set[str]:
        client = await self.client()
        return {*_declared(client.capabilities), *_declared(client.admin.capabilities)}


async def put(client: Queue, *messages: Message, key: IdempotencyKey | None = None) -> None:
    """Enqueue without a refusal."""
    assert list(await client.enqueue(messages, key=key)) == []


def ids(leases: Iterable[Lease]) -> list[str]:
    """What was leased, in order."""
    return [lease.message.id for lease in leases]


def reasons(refusals: Iterable[Refusal]) -> dict[str, Reason]:
    """What was refused, and why."""
    return {refusal.id: refusal.reason for refusal in refusals}


def _declared(capabilities: Capabilities | AdminCapabilities) -> set[str]:
    fields: dict[str, Any] = attrs.asdict(capabilities, recurse=False)
    names = {name for name, value in fields.items() if value not in (None, False)}
    return names.union(f"no {name}" for name in fields.keys() - names).union(
        f"{name} {state.value}" for name in names if isinstance(fields[name], Set) for state in fields[name]
    )


async def _made(make_bench: type[QueueBench]) -> QueueBench:
    return make_bench()
