"""Events on their way to their sinks. Whoever emits never waits: what a sink is too slow for is dropped and counted."""

import asyncio
import contextlib
import logging
import os
import weakref
from collections import deque
from collections.abc import Sequence

from attrs import define, field

from asynctasq.app.broker import Broker
from asynctasq.domain.errors import Closed
from asynctasq.domain.events import Event
from asynctasq.ports.events import EventSink

log = logging.getLogger("asynctasq.events")

BUFFER_LIMIT = 10_000
BATCH_LIMIT = 500
SINK_SECONDS = 5.0
PAUSE_SECONDS = 5.0
"""How long a sink that could not be opened is left alone; what happens meanwhile waits, the latest of it."""
LAST_WORDS_SECONDS = 1.0


class Events:
    """Emit from any thread; sinks are opened, fed and closed on the broker's loop. `on` costs an attribute to ask."""

    def __init__(self, broker: Broker, sinks: Sequence[EventSink]) -> None:
        self._broker = broker
        self._outlets = [Outlet(sink) for sink in sinks]
        self._woken = False
        self.on = bool(self._outlets)
        _alive.add(self)

    def emit(self, *events: Event) -> None:
        for outlet in self._outlets:
            outlet.put(events)
        if not self._woken:
            # Set before and cleared after its other side, so an event may wake nobody in vain, but never nobody.
            self._woken = True
            self._broker.post(self._pump)

    @property
    def dropped_count(self) -> int:
        return sum(outlet.dropped_count for outlet in self._outlets)

    async def close(self) -> None:
        """Pass on what is left, if that is quick, and close the sinks."""
        await asyncio.gather(*(outlet.close() for outlet in self._outlets))

    def forget(self) -> None:
        """In a forked child what waits is the parent's, and so are the connections of the sinks."""
        self._woken = False
        for outlet in self._outlets:
            outlet.forget()

    def _pump(self) -> None:
        self._woken = False
        for outlet in self._outlets:
            outlet.pump()


@define(eq=False)
class Outlet:
    """One sink and what waits for it, so that a slow sink holds up no other."""

    sink: EventSink
    dropped_count: int = 0
    _waiting: deque[Event] = field(init=False, factory=lambda: deque[Event](maxlen=BUFFER_LIMIT))
    _opened: bool = field(init=False, default=False)
    _passing: "asyncio.Task[None] | None" = field(init=False, default=None)

    def put(self, events: Sequence[Event]) -> None:
        self.dropped_count += max(0, len(self._waiting) + len(events) - BUFFER_LIMIT)
        self._waiting.extend(events)

    def pump(self) -> None:
        if self._passing is None:
            # Its life is this object's: it ends with the last event, and `close` ends it.
            self._passing = asyncio.get_running_loop().create_task(self._pass_on())

    async def close(self) -> None:
        if self._passing is not None:
            await asyncio.wait([self._passing], timeout=LAST_WORDS_SECONDS)
        if self._passing is not None:
            self._passing.cancel()
            await asyncio.wait([self._passing])
        self._opened = False
        with contextlib.suppress(Exception):
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                await self.sink.close()
        if self.dropped_count:
            log.warning("%s was too slow or away for %d events", self.sink, self.dropped_count)

    def forget(self) -> None:
        self._waiting.clear()
        self._opened, self._passing = False, None

    async def _pass_on(self) -> None:
        try:
            while self._waiting:
                if await self._open():
                    await self._publish()
                elif self._waiting:
                    await asyncio.sleep(PAUSE_SECONDS)
        finally:
            self._passing = None

    async def _open(self) -> bool:
        if not self._opened:
            try:
                async with asyncio.timeout(SINK_SECONDS):
                    await self.sink.open()
            except Closed:
                # Its application was closed and is used again: what comes now is for nobody.
                self._waiting.clear()
                return False
            except Exception as error:  # noqa: BLE001 - whatever a sink does, it is not to end the others
                log.warning("%s takes no events, trying again in %g s: %s", self.sink, PAUSE_SECONDS, error)
                return False
            self._opened = True
        return True

    async def _publish(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(BATCH_LIMIT, len(self._waiting)))]
        try:
            async with asyncio.timeout(SINK_SECONDS):
                await self.sink.publish(batch)
        except Exception:
            self.dropped_count += len(batch)
            log.exception("%s did not take %d events", self.sink, len(batch))


_alive: "weakref.WeakSet[Events]" = weakref.WeakSet()


def _forget_all() -> None:
    for events in tuple(_alive):
        events.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
