"""Renews the leases of everything that runs here. Lives on the broker's loop, out of reach of user code."""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Iterable, Sequence

from attrs import define

from asynctasq.domain.errors import Closed, Unavailable
from asynctasq.domain.lease import Lease
from asynctasq.domain.options import SHORTEST_VISIBILITY_SECONDS
from asynctasq.domain.verdict import Reason
from asynctasq.ports.queue import Queue

log = logging.getLogger("asynctasq.keeper")

OnLost = Callable[[Sequence[tuple[Lease, Reason]]], None]


@define(eq=False)
class Held:
    """A lease and the instants, on this process's monotonic clock, at which it ends and wants renewal.

    It never ends by this clock on a queue whose leases do not.
    """

    lease: Lease
    ends_at: float
    renew_at: float

    def is_over(self, now: float) -> bool:
        return now >= self.ends_at


class Keeper:
    """Holds leases from before they are handed to the task loop until just before their verdict is sent."""

    def __init__(self, queue: Queue, *, lease_seconds: float, on_lost: OnLost) -> None:
        self._queue = queue
        self._expire = queue.capabilities.leases_expire
        self._tick_seconds = min(lease_seconds, SHORTEST_VISIBILITY_SECONDS) / 3
        self._on_lost = on_lost
        self._held: dict[str, Held] = {}
        self._some = asyncio.Event()

    @property
    def leases(self) -> list[Lease]:
        return [held.lease for held in self._held.values()]

    def hold(self, leases: Iterable[Lease], *, since: float) -> None:
        """Renew these from now on. `since` is the monotonic instant before the call that leased them."""
        for lease in leases:
            self._held[lease.token] = Held(lease, *self._instants(lease.lease_seconds, since))
        self._some.set()

    def let_go(self, lease: Lease) -> Held | None:
        """Stop renewing; None if it was not held any more."""
        return self._held.pop(lease.token, None)

    def take_back(self, held: Iterable[Held]) -> None:
        """Renew these again: their settlement did not get through."""
        self._held.update((one.lease.token, one) for one in held)
        self._some.set()

    async def run(self) -> None:
        """Renew until cancelled."""
        while True:
            if not self._held:
                self._some.clear()
                await self._some.wait()
            await asyncio.sleep(self._tick_seconds)
            await self._renew(self._due())
            now = time.monotonic()
            self._report([(held.lease, Reason.LOST) for held in self._held.values() if held.is_over(now)])

    def _due(self) -> list[Held]:
        now = time.monotonic()
        return [held for held in self._held.values() if held.renew_at <= now < held.ends_at]

    async def _renew(self, due: Sequence[Held]) -> None:
        by_length: dict[float, list[Held]] = {}
        for held in due:
            by_length.setdefault(held.lease.lease_seconds, []).append(held)
        for length, batch in by_length.items():  # one call per length, and nearly all leases have the same
            await self._extend(batch, length)

    async def _extend(self, batch: Sequence[Held], length: float) -> None:
        before = time.monotonic()
        try:
            async with asyncio.timeout(length / 3):
                refusals = await self._queue.extend([held.lease for held in batch], lease_seconds=length)
        except (Unavailable, Closed, TimeoutError) as error:
            log.warning("%d leases could not be renewed, trying again: %s", len(batch), error)
            self._report([(held.lease, Reason.LOST) for held in batch if self._was_over(held, length, before)])
            return
        except Exception:
            # Whatever is wrong with the queue, the others must be renewed, and these tried again.
            log.exception("%d leases could not be renewed, trying again", len(batch))
            return
        refused = {refusal.token: refusal.reason for refusal in refusals}
        for held in batch:
            held.ends_at, held.renew_at = self._instants(length, before)
        self._report([(held.lease, refused[held.lease.token]) for held in batch if held.lease.token in refused])

    def _instants(self, length: float, since: float) -> tuple[float, float]:
        """When a lease ends that was given or renewed then, and when it wants to be renewed."""
        return (since + length if self._expire else math.inf), since + length / 3

    def _was_over(self, held: Held, length: float, asked_at: float) -> bool:
        """Whether this lease, of those that end with a connection, had its length behind it before it was asked for.

        Its length alone is not enough. If only this process has paused, the connection lives, and what is given up
        here would stay with it for ever.
        """
        return not self._expire and asked_at >= held.renew_at + length * 2 / 3

    def _report(self, lost: Sequence[tuple[Lease, Reason]]) -> None:
        # What is not held any more was settled while the renewal was under way: its refusal means nothing.
        ours = [(lease, reason) for lease, reason in lost if self.let_go(lease)]
        if ours:
            self._on_lost(ours)
