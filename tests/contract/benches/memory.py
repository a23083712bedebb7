"""What a test does to a memory queue."""

import asyncio
from itertools import count

from asynctasq.adapters.memory.queue import MemoryQueue
from asynctasq.adapters.memory.storage import MemoryStorage
from asynctasq.domain.wire import loads_message
from asynctasq.ports.queue import Queue
from asynctasq.testing import ManualClock, QueueBench


class MemoryBench(QueueBench):
    client: type[MemoryQueue] = MemoryQueue

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.storage = MemoryStorage()
        self.numbers = count(1)

    async def open(self) -> Queue:
        client = self.client(self.storage, self.clock)
        await client.open()
        return client

    async def crash(self, client: Queue) -> None:
        """A memory client holds nothing of its own that a crash could lose."""

    async def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    async def inject(self, queue: str, data: bytes) -> None:
        message, defect = loads_message(f"injected-{next(self.numbers)}", queue, data, data)
        self.storage.add(message, self.clock.now(), defect=defect)

    async def reset(self) -> None:
        for entry in list(self.storage.entries.values()):
            self.storage.forget(entry)

    async def rest(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    async def close(self) -> None:
        await self.reset()
