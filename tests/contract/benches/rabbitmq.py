"""What a test does to a RabbitMQ queue, whose server has its own clock."""

import asyncio
import time
import uuid
from collections.abc import Iterator, Sequence

from asynctasq.adapters.rabbitmq.envelope import pack
from asynctasq.adapters.rabbitmq.queue import RabbitmqQueue
from asynctasq.domain.lease import Lease
from asynctasq.domain.message import IdempotencyKey, Message
from asynctasq.domain.verdict import Refusal, Release, Retry, Verdict
from asynctasq.ports.queue import Queue
from asynctasq.testing import QueueBench
from tests.rabbitmq import Broker, new_names
from tests.servers import URLS

NAMES = new_names()
"""One namespace for all tests here: to declare a dozen queues takes longer than most of them."""
UNIT_SECONDS = 0.05
LATE_SECONDS = 0.1


class NotingQueue(RabbitmqQueue):
    """Notes when the last delay will be over, for until then time must pass in earnest."""

    def __init__(self, bench: "RabbitmqBench") -> None:
        super().__init__(URLS["rabbitmq"], exchange_name=NAMES.exchange, delay_unit_seconds=UNIT_SECONDS)
        self.bench = bench

    async def enqueue(self, messages: Sequence[Message], *, key: IdempotencyKey | None = None) -> Sequence[Refusal]:
        self.bench.note(message.delay_seconds for message in messages)
        return await super().enqueue(messages, key=key)

    async def settle(self, verdicts: Sequence[Verdict]) -> Sequence[Refusal]:
        self.bench.note(each.delay_seconds for each in verdicts if isinstance(each, Retry | Release))
        return await super().settle(verdicts)

    async def lease(
        self, queues: Sequence[str], *, limit: int, lease_seconds: float, owner: str, wait: float = 0.0
    ) -> Sequence[Lease]:
        self.bench.note([wait])
        return await super().lease(queues, limit=limit, lease_seconds=lease_seconds, owner=owner, wait=wait)


class RabbitmqBench(QueueBench):
    """The server has its own clock, so time passes in earnest while anything waits for it."""

    resolution_seconds = 0.05

    def __init__(self) -> None:
        self.broker = Broker(NAMES, UNIT_SECONDS)
        self.busy_until = 0.0

    def note(self, waits: Iterator[float] | Sequence[float]) -> None:
        if longest := max(waits, default=0.0):
            self.busy_until = max(self.busy_until, time.monotonic() + longest + LATE_SECONDS)

    async def open(self) -> Queue:
        client = NotingQueue(self)
        self.broker.watch(client)
        await client.open()
        return client

    async def crash(self, client: Queue) -> None:
        assert isinstance(client, RabbitmqQueue)
        await self.broker.crash(client)

    async def advance(self, seconds: float) -> None:
        if time.monotonic() < self.busy_until:
            await asyncio.sleep(seconds)

    async def inject(self, queue: str, data: bytes) -> None:
        await self.broker.publish(queue, pack(data, data), id=uuid.uuid4().hex)

    async def reset(self) -> None:
        self.busy_until = 0.0
        await self.broker.empty()

    async def rest(self) -> None:
        """Shorter than half a unit, even three times."""
        await asyncio.sleep(0.02)

    async def close(self) -> None:
        await self.broker.close()


async def clear() -> None:
    await Broker(NAMES, UNIT_SECONDS).clear()


class RabbitmqMachineBench(RabbitmqBench):
    """What a machine does between two steps of time must take much less than one of them."""

    resolution_seconds = 0.1
