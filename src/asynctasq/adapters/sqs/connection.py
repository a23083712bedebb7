"""The life of one client of the service: opened, used by whole verbs, closed when none of them is under way."""

import asyncio
import sys
from collections.abc import Generator, Mapping
from contextlib import AsyncExitStack, contextmanager
from importlib import import_module
from typing import Any

from asynctasq.adapters.sqs.calls import finished
from asynctasq.adapters.sqs.faults import Denied, Unknown
from asynctasq.domain.errors import Closed, ConfigurationError, MissingExtra, Unavailable

CALL_SECONDS = 10.0
LIBRARY = "asynctasq.adapters.sqs.library"

NOT_OPENED = "has not been opened"
CLOSED = "was closed"

Answer = Mapping[str, Any]


class Connection:
    """Opened once; each call finds or makes its own connection, so that a server which comes back is found again."""

    def __init__(self, place: str, **options: str | None) -> None:
        self._place = place
        self._options = options
        self._client: Any = None
        self._stack = AsyncExitStack()
        self._absence: str | None = NOT_OPENED
        self._users = 0
        self._unused = asyncio.Event()

    @property
    def is_closed(self) -> bool:
        return self._absence == CLOSED

    async def open(self) -> None:
        if self.is_closed:
            raise Closed(f"{self._place} {CLOSED}")
        if self._absence is None:
            return
        try:
            await finished(self._connect())
            await self.ping()
        except BaseException as error:
            await finished(self._stack.aclose())
            if isinstance(error, Unknown):  # asking again will not mend it
                raise ConfigurationError(str(error)) from error
            raise
        self._absence = None

    async def close(self) -> None:
        """What has begun comes to its end first; what waits looks whether it is closed."""
        self._absence = CLOSED
        while self._users:
            self._unused.clear()
            await self._unused.wait()
        await finished(self._stack.aclose())

    @contextmanager
    def used(self) -> Generator[None]:
        """Around a whole verb: a close waits for it."""
        if self._absence:
            raise Closed(f"{self._place} {self._absence}")
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._unused.set()

    async def ping(self) -> None:
        try:
            await self.call("list_queues", MaxResults=1)
        except Denied:
            return  # an answer too

    async def call(self, verb: str, **parameters: Any) -> Answer:
        """Ask the service for something; raises `Unavailable`, of a kind that `faults` knows."""
        from asynctasq.adapters.sqs import library

        try:
            async with asyncio.timeout(CALL_SECONDS):
                return await library.call(self._client, self._place, verb, **parameters)
        except TimeoutError as error:
            raise Unavailable(f"{self._place} gave no answer to {verb} within {CALL_SECONDS:g} s") from error

    async def _connect(self) -> None:
        if LIBRARY not in sys.modules:
            try:
                # The leases of other queues should not wait for it.
                await asyncio.to_thread(import_module, LIBRARY)
            except ModuleNotFoundError as error:
                if error.name != "aiobotocore":
                    raise
                raise MissingExtra("driver 'sqs' needs aiobotocore: pip install 'asynctasq[sqs]'") from error
        from asynctasq.adapters.sqs import library

        self._client = await library.client(self._stack, self._place, **self._options)
