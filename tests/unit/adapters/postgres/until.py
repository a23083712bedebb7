"""Waiting for what the server or a task of the queue's own does: nothing here could set an event for it."""

import asyncio
from collections.abc import Callable

PATIENCE_SECONDS = 10


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)
