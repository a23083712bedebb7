import asyncio
import time

import pytest

from asynctasq.adapters.sqs.queue import SqsQueue
from tests.moto_server import MotoServer


@pytest.fixture(scope="session")
def shared_server():
    with MotoServer(patience=0.1) as server:
        yield server


@pytest.fixture
def server(shared_server):
    yield shared_server
    shared_server.deny()
    shared_server.forget()


class Clock:
    """Of clients and server alike."""

    def __init__(self, server):
        self.server = server
        self.moved = 0.0

    def __call__(self):
        return time.monotonic() + self.moved

    def advance(self, seconds):
        self.moved += seconds
        self.server.advance(seconds)


@pytest.fixture
def clock(server):
    return Clock(server)


@pytest.fixture
def play(server, clock):
    """Run a scenario with an open client."""

    def run(scenario, **options):
        async def main():
            keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
            queue = SqsQueue(**{"endpoint_url": server.url, "clock": clock, **keys, **options})
            await queue.open()
            try:
                return await scenario(queue)
            finally:
                await queue.close()

        return asyncio.run(main())

    return run
