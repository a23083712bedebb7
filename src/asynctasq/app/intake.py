"""Leases work for one worker. Lives on the broker's loop, so what it leases is renewed from the first moment."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from asynctasq.app import headers
from asynctasq.app.keeper import Keeper
from asynctasq.app.settler import Settler
from asynctasq.domain.errors import Unavailable, Unsupported
from asynctasq.domain.lease import Lease
from asynctasq.ports.queue import Queue

LOOK_AGAIN_SECONDS = 5.0


class QueueNames:
    """The queues to serve: those named, in strict order; else the known ones and all that hold messages, in turn."""

    def __init__(self, queue: Queue, named: Sequence[str], known: Callable[[], Sequence[str]]) -> None:
        self._queue = queue
        self._named = tuple(named)
        self._known = known
        self._found: deque[str] = deque()
        self._look_at = 0.0

    async def current(self) -> Sequence[str]:
        if self._named:
            return self._named
        if time.monotonic() >= self._look_at:
            self._found = deque(dict.fromkeys([*self._known(), *await self._holding_messages()]))
            self._look_at = time.monotonic() + LOOK_AGAIN_SECONDS
        # Nobody ranked these, so each is first in its turn and none starves the others.
        self._found.rotate(-1)
        return tuple(self._found)

    async def _holding_messages(self) -> Sequence[str]:
        try:
            return await self._queue.admin.queues()
        except Unsupported:
            return ()


class Intake:
    def __init__(
        self, queue: Queue, keeper: Keeper, settler: Settler, names: QueueNames, *, lease_seconds: float, owner: str
    ) -> None:
        self._queue = queue
        self._keeper = keeper
        self._settler = settler
        self._names = names
        self._lease_seconds = lease_seconds
        self._owner = owner
        self._waiting: asyncio.Task[object] | None = None
        self._stopped = False

    def stop(self) -> None:
        """End the call that waits, and let no other begin."""
        self._stopped = True
        if self._waiting is not None:
            self._waiting.cancel()

    async def take(self, limit: int, wait: float) -> Sequence[Lease]:
        """At most `limit` leases to run, after at most `wait` seconds; none once stopped. May raise `Unavailable`."""
        if self._stopped:
            return ()
        self._waiting = current = asyncio.current_task()
        try:
            names = await self._names.current()
            before = time.monotonic()
            # A lease counts from before the call, so the wait must leave enough of it for the first renewal.
            leases = await self._queue.lease(
                names,
                limit=limit,
                lease_seconds=self._lease_seconds,
                owner=self._owner,
                wait=min(wait, self._lease_seconds / 3),
            )
        except asyncio.CancelledError:
            if not self._stopped or current is None:
                raise
            current.uncancel()
            return ()
        finally:
            self._waiting = None
        self._keeper.hold(leases, since=before)
        await self._shorten(leases)
        return self._settler.reclaim(leases)

    async def _shorten(self, leases: Sequence[Lease]) -> None:
        """Give those leases their length whose tasks want to be recovered sooner than after a whole one."""
        for length, batch in _by_shorter_length(leases).items():  # one call per length, and nearly never any
            for lease in batch:
                lease.lease_seconds = length
            before = time.monotonic()
            with contextlib.suppress(Unavailable):  # the next renewal sets the same length
                await self._queue.extend(batch, lease_seconds=length)
                self._keeper.hold(batch, since=before)


def _by_shorter_length(leases: Sequence[Lease]) -> Mapping[float, Sequence[Lease]]:
    shorter: dict[float, list[Lease]] = {}
    for lease in leases:
        asked = _visibility_of(lease)
        if asked is not None and asked < lease.lease_seconds:
            shorter.setdefault(asked, []).append(lease)
    return shorter


def _visibility_of(lease: Lease) -> float | None:
    try:
        return headers.seconds(lease.message, "visibility_timeout")
    except ValueError:
        return None  # the runner buries what it cannot read
