"""Events on a channel of Redis: one JSON object each, for whoever listens at that moment."""

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from asynctasq.adapters.redis.beside import Beside
from asynctasq.domain.errors import Unavailable
from asynctasq.domain.events import Event
from asynctasq.ports.events import EventSink

log = logging.getLogger("asynctasq.events")


class RedisEventSink(EventSink):
    """Publishes and forgets: what the server does not take at once is dropped, and counted in the log."""

    def __init__(self, url: str, *, password: str | None = None, channel: str = "asynctasq:events") -> None:
        self._server = Beside(f"redis channel {channel}", url, password=password)
        self._channel = channel
        self._dropped_count = 0

    def __str__(self) -> str:
        return str(self._server)

    async def open(self) -> None:
        await self._server.open()

    async def close(self) -> None:
        await self._server.close()

    async def ping(self) -> None:
        await self._server.ping()

    async def publish(self, events: Sequence[Event]) -> None:
        try:
            await self._server.ask([("PUBLISH", self._channel, _json(event)) for event in events])
        except Unavailable as error:
            if not self._dropped_count:
                log.warning("events are dropped: %s", error)
            self._dropped_count += len(events)
        else:
            if self._dropped_count:
                log.warning("%s is back, %d events were dropped", self, self._dropped_count)
                self._dropped_count = 0


def _json(event: Event) -> bytes:
    at = datetime.fromtimestamp(event.at, UTC).isoformat()
    return json.dumps({**event.plain(), "at": at}, separators=(",", ":")).encode()
