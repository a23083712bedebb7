"""Three ways to break the promise; a checker that does not notice them proves nothing."""

import sqlite3
from collections.abc import Sequence
from functools import partial

from attrs import evolve
from fate import MortalQueue

from asynctasq.app import keeper
from asynctasq.domain.lease import Lease
from asynctasq.domain.verdict import Ack, Refusal, Verdict


class EarlyAck(MortalQueue):
    """Acks what it leases, before anybody has run it."""

    async def lease(
        self, queues: Sequence[str], *, limit: int, lease_seconds: float, owner: str, wait: float = 0.0
    ) -> Sequence[Lease]:
        leases = await super().lease(queues, limit=limit, lease_seconds=lease_seconds, owner=owner, wait=wait)
        await self._queue.settle([Ack(lease) for lease in leases])
        return leases

    async def extend(self, leases: Sequence[Lease], *, lease_seconds: float) -> Sequence[Refusal]:
        return ()

    async def settle(self, verdicts: Sequence[Verdict]) -> Sequence[Refusal]:
        return ()


class NoRenewal(MortalQueue):
    """Says that it renewed leases and does not."""

    async def extend(self, leases: Sequence[Lease], *, lease_seconds: float) -> Sequence[Refusal]:
        return ()


class NoTokens(MortalQueue):
    """Applies a verdict to whoever has the message now, and believes a worker's old leases."""

    async def open(self) -> None:
        await super().open()
        keeper.Held.is_over = lambda held, now: False

    async def extend(self, leases: Sequence[Lease], *, lease_seconds: float) -> Sequence[Refusal]:
        await super().extend(leases, lease_seconds=lease_seconds)
        return ()

    async def settle(self, verdicts: Sequence[Verdict]) -> Sequence[Refusal]:
        current: list[Verdict] = []
        for verdict in verdicts:
            now = await self._queue._connection.read(partial(_token_now, id=verdict.lease.message.id))
            current.append(evolve(verdict, lease=evolve(verdict.lease, token=now)))
        await super().settle(current)
        return ()


def _token_now(connection: sqlite3.Connection, id: str) -> str:
    row = connection.execute("SELECT seq || '.' || leases FROM message WHERE id = ?", (id,)).fetchone()
    return row[0] if row else "0.0"


WAYS = {"": MortalQueue, "early ack": EarlyAck, "no renewal": NoRenewal, "no tokens": NoTokens}
