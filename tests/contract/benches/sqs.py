"""What a test does to an SQS queue, in front of moto: its time runs, and can be moved."""

import asyncio
import time
from typing import ClassVar

from asynctasq.adapters.sqs.queue import SqsQueue
from asynctasq.ports.queue import Queue
from asynctasq.testing import QueueBench
from tests.moto_server import MotoServer


class SqsBench(QueueBench):
    """Time runs, and can be moved. Units are long, so that what the calls take is little beside them."""

    resolution_seconds = 10.0
    server: ClassVar[MotoServer]

    def __init__(self) -> None:
        self.moved = 0.0

    async def open(self) -> Queue:
        client = SqsQueue(
            endpoint_url=self.server.url,
            aws_access_key_id="key",
            aws_secret_access_key="secret",
            clock=lambda: time.monotonic() + self.moved,
        )
        await client.open()
        return client

    async def crash(self, client: Queue) -> None:
        """A client holds nothing outside the service, and its leases end by themselves."""

    async def advance(self, seconds: float) -> None:
        self.moved += seconds
        self.server.advance(seconds)

    async def inject(self, queue: str, data: bytes) -> None:
        self.server.send(f"asynctasq-{queue}", f'[1,"injected",0,0,0,0]\n{data.decode("latin-1")}\n')

    async def reset(self) -> None:
        self.server.empty()

    async def close(self) -> None:
        self.server.forget()

    async def rest(self) -> None:
        await asyncio.sleep(0.03)
