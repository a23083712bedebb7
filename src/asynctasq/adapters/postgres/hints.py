"""How a waiting lease learns that looking again may pay: it is told by the server, or else asks every 250 ms.

One connection listens, from the first wait on. A hint is only a hint: whoever waits looks for himself.
"""

import asyncio
import contextlib
import json
import logging
import os
import secrets
import time
from collections.abc import Generator, Sequence, Set

from attrs import define, field

from asynctasq.adapters.postgres.connection import FAULTS, Connection, Database
from asynctasq.domain.errors import AsyncTasQError

log = logging.getLogger("asynctasq.postgres")

POLL_SECONDS = 0.25
PROOF_SECONDS = 1.0
PING_SECONDS = 20.0
RETRY_SECONDS = 1.0
LEAVE_SECONDS = 1.0


@define(eq=False)
class Bell:
    """One who waits, and for which queues."""

    queues: Set[str]
    _rung: asyncio.Event = field(factory=asyncio.Event)

    def ring(self) -> None:
        self._rung.set()

    def silence(self) -> None:
        """Whatever happens from now on is news."""
        self._rung.clear()

    async def wait(self, seconds: float) -> None:
        """Return once it was rung, or after so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()


class Hints:
    """`listen` may be called any number of times; the task it starts lives until `close`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._start()

    def _start(self) -> None:
        self._pid = os.getpid()
        self._bells: set[Bell] = set()
        self._task: asyncio.Task[None] | None = None
        self._stirred = asyncio.Event()
        self._is_proven = False
        self._is_deaf = False
        self._is_closed = False

    def open(self) -> None:
        """In a forked child the task and those who wait are the parent's."""
        if self._pid != os.getpid():
            self._start()

    async def close(self) -> None:
        self._is_closed = True
        self._stirred.set()
        if self._task is not None:
            # It leaves by itself: to cancel a statement costs asyncpg a connection.
            _, stuck = await asyncio.wait([self._task], timeout=LEAVE_SECONDS)
            for task in stuck:
                task.cancel()
        self._ring(frozenset())

    @property
    def patience_seconds(self) -> float | None:
        """How long one may wait for a hint before looking; None while the server tells of everything."""
        return None if self._is_proven else POLL_SECONDS

    @contextlib.contextmanager
    def bell(self, queues: Sequence[str]) -> Generator[Bell]:
        """To be had before looking, so that nothing is missed."""
        bell = Bell(frozenset(queues))
        self._bells.add(bell)
        try:
            yield bell
        finally:
            self._bells.discard(bell)

    def listen(self, channel: str) -> None:
        if self._task is None and not self._is_closed:
            # Its life is this object's: `close` ends it.
            self._task = asyncio.get_running_loop().create_task(self._keep_listening(channel))

    async def _keep_listening(self, channel: str) -> None:
        while True:
            try:
                await self._listen(channel)
            except (AsyncTasQError, *FAULTS) as error:
                # Whoever waits looks every 250 ms now, and tells of the trouble if there is any.
                log.debug("not listening: %s", error)
            self._is_proven = False
            self._ring(frozenset())
            if self._is_closed or self._is_deaf:
                return
            await self._rest(RETRY_SECONDS)

    async def _listen(self, channel: str) -> None:
        async with self._database.apart() as connection:
            connection.add_termination_listener(self._stir)
            try:
                if await self._hears(connection):
                    await connection.add_listener(channel, lambda _, __, ___, payload: self._ring(_queues_of(payload)))
                    self._is_proven = True
                    # What came before this cannot have been heard.
                    self._ring(frozenset())
                while self._is_proven and not self._is_closed:
                    await self._rest(PING_SECONDS)
                    await connection.execute("SELECT 1")
            finally:
                # What we end ourselves is no news: it would cut the rest before the next try short.
                connection.remove_termination_listener(self._stir)

    async def _hears(self, connection: Connection) -> bool:
        """A pooler may let one listen and pass nothing on: so a notification is sent to see whether it arrives.

        On a channel of its own: there a pooler's connection, which goes on listening for nobody, hears nothing more.
        """
        proof = f"asynctasq_{secrets.token_hex(8)}"
        heard = False

        def hear(*_: object) -> None:
            nonlocal heard
            heard = True
            self._stirred.set()

        await connection.add_listener(proof, hear)
        await self._database.run("SELECT pg_notify($1, '')", proof)
        deadline = time.monotonic() + PROOF_SECONDS
        while not (heard or self._is_closed) and (left := deadline - time.monotonic()) > 0:
            await self._rest(left)
        if not (heard or self._is_closed):
            self._give_up()
        return heard

    def _give_up(self) -> None:
        self._is_deaf = True
        self._database.note_pooler("a notification did not arrive")
        log.warning(
            "%s is behind a pooler that lends its connections by transaction, as PgBouncer does: "
            "new messages are asked for every 250 ms instead of being announced",
            self._database.place,
        )

    def _stir(self, _: object) -> None:
        self._stirred.set()

    async def _rest(self, seconds: float) -> None:
        """So long, or until something has happened."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stirred.wait()
        self._stirred.clear()

    def _ring(self, queues: Set[str]) -> None:
        """Something has happened in these queues; in none means that it may have been anywhere."""
        for bell in self._bells:
            if not queues or bell.queues & queues:
                bell.ring()


def _queues_of(payload: str) -> Set[str]:
    """None if the payload does not say which."""
    try:
        return frozenset(json.loads(payload))
    except (ValueError, TypeError):
        return frozenset()
