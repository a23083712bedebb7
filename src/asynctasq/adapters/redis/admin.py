"""Looking into the server and repairing what lies there."""

import json
from collections.abc import Sequence, Set
from typing import Any

from asynctasq.adapters.redis.connection import Connection
from asynctasq.adapters.redis.packing import BATCH_COUNT, batches, divided, is_storable, to_json
from asynctasq.domain.lifecycle import State
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Reason, Refusal
from asynctasq.domain.views import MessageView, Page, QueueStats
from asynctasq.domain.wire import loads_message
from asynctasq.ports.admin import AdminCapabilities, QueueAdmin

LETTERS = {State.PENDING: "P", State.SCHEDULED: "S", State.RUNNING: "R", State.DEAD: "D", State.CANCELLED: "C"}
STATES = {letter: state for state, letter in LETTERS.items()}

PAGE_COUNT = 100
"""Messages whose bodies are read in one breath."""


class RedisAdmin(QueueAdmin):
    capabilities = AdminCapabilities()

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def queues(self) -> Sequence[str]:
        return sorted(name.decode() for name in await self._connection.run("queues"))

    async def stats(self) -> Sequence[QueueStats]:
        values = iter(await self._connection.run("stats"))
        return sorted(
            (
                QueueStats(name.decode(), pending=pending, scheduled=scheduled, running=running, dead=dead)
                for name, pending, scheduled, running, dead in zip(*[values] * 5, strict=True)
            ),
            key=lambda stats: stats.name,
        )

    async def find(self, *, state: State, queue: str | None = None, limit: int = 100, after: str | None = None) -> Page:
        if state not in LETTERS:
            return Page([])
        asked = [LETTERS[state], queue or False, min(limit, BATCH_COUNT), json.loads(after) if after else False]
        *views, more = await self._connection.run("find", to_json(asked))
        return Page(_views(views), more.decode() or None)

    async def fetch(self, ids: Sequence[str]) -> Sequence[MessageView]:
        views: list[MessageView] = []
        # Some at a time: bodies are long.
        for batch in batches([id for id in ids if is_storable(id)], PAGE_COUNT):
            views += _views(await self._connection.run("fetch", to_json(batch)))
        return views

    async def requeue(self, ids: Sequence[str]) -> Sequence[Refusal]:
        return await self._change("requeue", ids, "it is not among the dead or the cancelled")

    async def cancel(self, ids: Sequence[str]) -> Sequence[Refusal]:
        return await self._change("cancel", ids, "it is neither waiting nor running")

    async def delete(self, ids: Sequence[str]) -> Sequence[Refusal]:
        return await self._change("delete", ids, "it is running or not known")

    async def purge(self, queue: str, *, states: Set[State]) -> int:
        letters = [letter for state, letter in LETTERS.items() if state in states - {State.RUNNING}]
        total = 0
        # Some at a time: others are served meanwhile.
        while count := int(await self._connection.run("purge", to_json([queue, BATCH_COUNT, letters]))):
            total += count
        return total

    async def _change(self, verb: str, ids: Sequence[str], objection: str) -> Sequence[Refusal]:
        changed: set[str] = set()
        for batch in batches([id for id in ids if is_storable(id)], BATCH_COUNT):
            changed.update(json.loads(await self._connection.run(verb, to_json(batch))))
        refusals: list[Refusal] = []
        for id in ids:
            if id in changed:
                # A second mention in the same call comes too late.
                changed.remove(id)
            else:
                refusals.append(Refusal(id, "", Reason.INVALID, objection))
        return refusals


def _views(reply: Sequence[bytes]) -> list[MessageView]:
    views: list[MessageView] = []
    rows, texts = json.loads(reply[0]), reply[1]
    start = 0
    for *row, content_length, error_length in rows:
        middle = start + content_length
        end = middle + error_length
        views.append(_view(row, texts[start:middle], texts[middle:end]))
        start = end
    return views


def _view(row: Sequence[Any], content: bytes, error: bytes) -> MessageView:
    id, queue, letter, attempt, failures, due_in_seconds, owner = row
    state = STATES[letter]
    return MessageView(
        loads_message(id, queue, *divided(content))[0],
        state,
        attempt=attempt,
        failures=failures,
        due_in_seconds=float(due_in_seconds) if state in (State.SCHEDULED, State.RUNNING) else None,
        worker=owner or None,
        error=ErrorInfo(**json.loads(error)) if error else None,
    )
