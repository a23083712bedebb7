"""A client of one connection for what runs beside the queue and may fail without harm: events, history."""

from collections.abc import Sequence
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from asynctasq.domain.errors import Closed, ConfigurationError, Unavailable

Command = tuple[str | bytes | int | float, ...]

ANSWER_SECONDS = 3.0


class Beside:
    """`name` is what it is called in errors. It connects at `open` and again whenever the server was away."""

    def __init__(self, name: str, url: str, *, password: str | None, db: int | None = None) -> None:
        self._name = name
        self._url = url
        given: dict[str, Any] = {"password": password, "db": db}
        self._options = {key: value for key, value in given.items() if value is not None}
        self._client: Redis | None = None
        self._closed = False

    def __str__(self) -> str:
        return self._name

    async def open(self) -> None:
        if self._closed:
            raise Closed(f"{self} was closed")
        if self._client is None:
            self._client = self._connected()
        await self.ping()

    async def close(self) -> None:
        self._closed = True
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def ping(self) -> None:
        await self.ask([("PING",)])

    async def ask(self, commands: Sequence[Command]) -> Sequence[Any]:
        """Their answers, in one round trip."""
        client = self._client
        if client is None:
            raise Closed(f"{self} {'was closed' if self._closed else 'has not been opened'}")
        try:
            async with client.pipeline(transaction=False) as pipeline:
                for command in commands:
                    pipeline.execute_command(*command)  # pyright: ignore[reportUnknownMemberType] - as redis-py has it
                return await pipeline.execute()
        except (RedisError, OSError) as error:
            # It may refuse as a replica of the server to which the address leads by now.
            await client.connection_pool.disconnect(inuse_connections=False)
            raise Unavailable(f"{self} gave no answer: {error or type(error).__name__}") from error

    def _connected(self) -> Redis:
        try:
            pool = BlockingConnectionPool.from_url(  # pyright: ignore[reportUnknownMemberType] - as redis-py has it
                self._url,
                max_connections=1,
                timeout=ANSWER_SECONDS,
                socket_connect_timeout=ANSWER_SECONDS,
                socket_timeout=ANSWER_SECONDS,
                retry=Retry(NoBackoff(), 0),
                **self._options,
            )
        except (ValueError, TypeError) as error:
            raise ConfigurationError(f"{self}: its URL cannot be used: {error}") from None
        return Redis.from_pool(pool)
