"""A queue with a prefix of its own on the machine's server, and servers to be broken."""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from asynctasq.adapters.redis.queue import RedisQueue
from tests.servers import URLS
from tests.unit.adapters.redis.server import Server


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def prefix() -> str:
    return f"asynctasq-test-{secrets.token_hex(4)}"


@pytest.fixture
def redis() -> Iterator[Redis]:
    with Redis.from_url(URLS["redis"]) as redis:
        yield redis


@pytest.fixture
def queue(prefix: str, redis: Redis, runner: asyncio.Runner) -> Iterator[RedisQueue]:
    queue = RedisQueue(URLS["redis"], prefix=prefix)
    yield queue
    runner.run(queue.close())
    for key in redis.scan_iter(f"{{{prefix}}}:*", count=1000):
        redis.delete(key)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*options: str) -> Server:
        servers.append(Server(tmp_path, *options))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()
