"""A log line for each event, with its facts as fields."""

import asyncio
import logging
from collections.abc import Sequence

from asynctasq.domain.events import Event
from asynctasq.ports.events import EventSink

log = logging.getLogger("asynctasq.events")


class LogEventSink(EventSink):
    """Level INFO, logger `asynctasq.events`."""

    def __str__(self) -> str:
        return "the event log"

    async def open(self) -> None:
        """There is nothing to connect to."""

    async def close(self) -> None:
        """There is nothing to let go."""

    async def ping(self) -> None:
        """It is always there."""

    async def publish(self, events: Sequence[Event]) -> None:
        # A handler may write to a pipe that nobody empties: that must not hold up the loop that renews leases.
        if log.isEnabledFor(logging.INFO):
            await asyncio.to_thread(_write, events)


def _write(events: Sequence[Event]) -> None:
    for event in events:
        facts = " ".join(f"{name}={value}" for name, value in event.fields.items())
        log.info("%s %s %s", event.kind.value, event.subject, facts, extra=event.plain())
