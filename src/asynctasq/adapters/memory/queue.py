"""The four verbs on a storage in this process. What a verb changes it changes in one step of the event loop."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import assert_never

from asynctasq.adapters.memory.admin import MemoryAdmin
from asynctasq.adapters.memory.storage import Entry, MemoryStorage, copy
from asynctasq.domain.errors import Closed
from asynctasq.domain.lease import Lease
from asynctasq.domain.lifecycle import State
from asynctasq.domain.message import IdempotencyKey, Message
from asynctasq.domain.verdict import Ack, Bury, Cancel, Effect, Reason, Refusal, Release, Retry, Verdict
from asynctasq.ports.clock import Clock
from asynctasq.ports.queue import Capabilities, Queue

MAX_BODY_BYTES = 1024 * 1024


class _MonotonicClock(Clock):
    def now(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class MemoryQueue(Queue):
    """Keeps its messages while the process lives. Clients that are given one storage and clock see one queue."""

    capabilities = Capabilities(max_body_bytes=MAX_BODY_BYTES)

    def __init__(self, storage: MemoryStorage | None = None, clock: Clock | None = None) -> None:
        self._storage = storage or MemoryStorage()
        self._clock = clock or _MonotonicClock()
        self._closed = False
        self._admin = MemoryAdmin(self._storage, self._now)

    @property
    def admin(self) -> MemoryAdmin:
        return self._admin

    def __str__(self) -> str:
        return "memory"

    async def open(self) -> None:
        self._now()

    async def close(self) -> None:
        self._closed = True
        self._storage.ring()

    async def ping(self) -> None:
        self._now()

    async def enqueue(self, messages: Sequence[Message], *, key: IdempotencyKey | None = None) -> Sequence[Refusal]:
        now = self._now()
        if key and not self._storage.is_new(key):
            return [Refusal(message.id, "", Reason.DUPLICATE) for message in messages]
        refusals: list[Refusal] = []
        for message in messages:
            if reason := self._objection(message):
                refusals.append(Refusal(message.id, "", reason))
            else:
                self._storage.add(message, now)
        self._storage.ring()
        return refusals

    async def lease(
        self, queues: Sequence[str], *, limit: int, lease_seconds: float, owner: str, wait: float = 0.0
    ) -> Sequence[Lease]:
        deadline = self._now() + wait
        while not (leases := self._take(queues, limit, lease_seconds, owner)):
            now = self._now()
            if now >= deadline:
                break
            await self._news(min(deadline, self._storage.next_instant(queues)) - now)
        return leases

    async def extend(self, leases: Sequence[Lease], *, lease_seconds: float) -> Sequence[Refusal]:
        now = self._now()
        refusals: list[Refusal] = []
        for lease in leases:
            entry = self._held(lease, now)
            if isinstance(entry, Refusal):
                refusals.append(entry)
            else:
                self._storage.move(entry, State.RUNNING, now + lease_seconds, now)
        self._storage.ring()
        return refusals

    async def settle(self, verdicts: Sequence[Verdict]) -> Sequence[Refusal]:
        now = self._now()
        refusals: list[Refusal] = []
        for verdict in verdicts:
            entry = self._held(verdict.lease, now)
            if isinstance(entry, Refusal):
                refusals.append(entry)
            else:
                self._apply(verdict, entry, now)
        self._storage.ring()
        return refusals

    def _now(self) -> float:
        if self._closed:
            raise Closed("this memory queue is closed")
        return self._clock.now()

    def _objection(self, message: Message) -> Reason | None:
        if message.id in self._storage.entries:
            return Reason.DUPLICATE
        if len(message.body) > MAX_BODY_BYTES:
            return Reason.TOO_LARGE
        return None

    def _take(self, queues: Sequence[str], limit: int, lease_seconds: float, owner: str) -> list[Lease]:
        now = self._now()
        leases: list[Lease] = []
        for queue in queues:
            line = self._storage.line(queue, State.PENDING, now)
            while len(leases) < limit and (place := line.first()):
                entry = self._storage.entries[place[1]]
                self._storage.move(entry, State.RUNNING, now + lease_seconds, now)
                entry.attempt += 1
                entry.token = self._storage.new_token()
                entry.owner = owner
                leases.append(_lease(entry, lease_seconds))
        return leases

    async def _news(self, seconds: float) -> None:
        """Return after this long, or sooner if something has changed."""
        with self._storage.bell() as bell:
            async with asyncio.TaskGroup() as group:
                alarm = group.create_task(self._ring_after(seconds, bell))
                await bell.wait()
                alarm.cancel()

    async def _ring_after(self, seconds: float, bell: asyncio.Event) -> None:
        await self._clock.sleep(seconds)
        bell.set()

    def _held(self, lease: Lease, now: float) -> Entry | Refusal:
        entry = self._storage.entries.get(lease.message.id)
        if entry is None or entry.token != lease.token:
            return Refusal(lease.message.id, lease.token, Reason.LOST)
        if entry.state is State.CANCELLED:
            return Refusal(lease.message.id, lease.token, Reason.CANCELLED)
        if entry.state is not State.RUNNING or entry.until <= now:
            return Refusal(lease.message.id, lease.token, Reason.LOST)
        return entry

    def _apply(self, verdict: Verdict, entry: Entry, now: float) -> None:
        match verdict:
            case Ack(effects=effects):
                self._storage.forget(entry)
                self._follow(effects, now)
            case Retry(delay_seconds=delay_seconds, error=error, effects=effects):
                entry.failures += 1
                entry.error = error.storable()
                self._storage.move(entry, State.SCHEDULED, now + delay_seconds, now)
                self._follow(effects, now)
            case Bury(error=error, effects=effects):
                entry.error = error.storable()
                self._storage.move(entry, State.DEAD, now, now)
                self._follow(effects, now)
            case Cancel(effects=effects):
                self._storage.move(entry, State.CANCELLED, now, now)
                self._follow(effects, now)
            case Release(delay_seconds=delay_seconds, skewed_seconds=skewed_seconds):
                entry.attempt -= 1
                entry.skewed_seconds = skewed_seconds
                self._storage.move(entry, State.SCHEDULED, now + delay_seconds, now)
            case _:
                assert_never(verdict)

    def _follow(self, effects: Iterable[Effect], now: float) -> None:
        for effect in effects:
            # An effect that is already there was applied by an earlier settlement that is being repeated.
            if effect.message.id not in self._storage.entries:
                self._storage.add(effect.message, now)


def _lease(entry: Entry, lease_seconds: float) -> Lease:
    return Lease(
        copy(entry.message),
        entry.token,
        attempt=entry.attempt,
        failures=entry.failures,
        lease_seconds=lease_seconds,
        skewed_seconds=entry.skewed_seconds,
        defect=entry.defect,
    )
