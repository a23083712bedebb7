"""Tortoise's connections in a worker: opened once, shared by all tasks. No schema is made."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext, get_current_context
from tortoise.exceptions import ConfigurationError as TortoiseConfigurationError

from asynctasq.domain.errors import ConfigurationError

CLOSE_SECONDS = 1.0


class Start:
    """Global, so that hooks and whatever a task starts see it too; on one loop at a time."""

    def __init__(self, config: Callable[[], Mapping[str, Any] | None]) -> None:
        self._config = config
        self._context: TortoiseContext | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting = asyncio.Lock()

    async def ensure(self) -> None:
        """Raises `ConfigurationError` if neither the application nor a configuration has initialised it."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._starting = loop, asyncio.Lock()
            await self._leave_old_loop()
        async with self._starting:
            if not _is_ready():
                await self._init()

    async def connect(self, client: BaseDBAsyncClient) -> None:
        """Before the first query: a client that cannot connect within one keeps its lock for ever."""
        async with self._starting:
            if getattr(client, "_connection", None) is None and getattr(client, "_pool", None) is None:
                await client.create_connection(with_db=True)

    async def close(self) -> None:
        if self._context is not None:
            await self._context.close_connections()
            self._context = None

    async def _init(self) -> None:
        config = self._config()
        if config is None:
            raise ConfigurationError(
                "Tortoise is not initialised in this worker: call init({...}, tortoise_config={...}) "
                "where the tasks are defined"
            )
        context = TortoiseContext()
        try:
            with context:  # its models look for the current one
                await context.init(config=dict(config), _enable_global_fallback=True)
        except TortoiseConfigurationError as error:
            raise ConfigurationError(f"tortoise_config: {error}") from error
        self._context = context

    async def _leave_old_loop(self) -> None:
        """Connections of a loop that is gone are let go of as far as they can be; new ones are made when needed."""
        if self._context is None:
            return
        connections = self._context.connections
        for alias in connections.db_config:  # a handful, once
            client = connections.discard(alias)
            if client is not None:
                with contextlib.suppress(Exception):
                    async with asyncio.timeout(CLOSE_SECONDS):
                        await client.close()


def _is_ready() -> bool:
    context = get_current_context()
    return context is not None and context.inited
