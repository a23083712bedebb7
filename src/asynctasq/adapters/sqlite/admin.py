"""Looking into the file and repairing what lies there."""

import json
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

from asynctasq.adapters.sqlite.connection import Connection
from asynctasq.adapters.sqlite.statements import sql
from asynctasq.domain.lifecycle import State
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Reason, Refusal
from asynctasq.domain.views import MessageView, Page, QueueStats
from asynctasq.domain.wire import loads_message
from asynctasq.ports.admin import AdminCapabilities, QueueAdmin
from asynctasq.ports.clock import Clock

PURGED_AT_ONCE = 1000

Row = tuple[Any, ...]


class SqliteAdmin(QueueAdmin):
    """`changed` is called when something may have become leasable."""

    capabilities = AdminCapabilities()

    def __init__(self, connection: Connection, clock: Clock, changed: Callable[[], None]) -> None:
        self._connection = connection
        self._clock = clock
        self._changed = changed

    async def queues(self) -> Sequence[str]:
        return [name for (name,) in await self._rows("queues", {})]

    async def stats(self) -> Sequence[QueueStats]:
        counts: dict[str, dict[str, int]] = {}
        for queue, state, count in await self._rows("stats", {"now": self._clock.now()}):
            of_queue = counts.setdefault(
                queue, dict.fromkeys(("pending", "scheduled", "running", "dead", "cancelled"), 0)
            )
            of_queue[state] += count
        return [_stats(queue, of_queue) for queue, of_queue in sorted(counts.items())]

    async def find(self, *, state: State, queue: str | None = None, limit: int = 100, after: str | None = None) -> Page:
        verb = "find_kept" if state in (State.DEAD, State.CANCELLED) else "find"
        # One more than asked for shows whether there is another page.
        parameters = {"state": state.value, "queue": queue, "after": int(after or 0), "limit": limit + 1}
        rows = await self._rows(verb, parameters | {"now": self._clock.now()})
        page = rows[:limit]
        return Page([_view(row) for row in page], str(page[-1][0]) if page and len(rows) > limit else None)

    async def fetch(self, ids: Sequence[str]) -> Sequence[MessageView]:
        rows = await self._rows("fetch", {"ids": json.dumps(ids), "now": self._clock.now()})
        views = {view.message.id: view for view in map(_view, rows)}
        return [views[id] for id in ids if id in views]

    async def requeue(self, ids: Sequence[str]) -> Sequence[Refusal]:
        return await self._change("requeue", ids, "it is not among the dead or the cancelled")

    async def cancel(self, ids: Sequence[str]) -> Sequence[Refusal]:
        return await self._change("cancel", ids, "it is neither waiting nor running")

    async def delete(self, ids: Sequence[str]) -> Sequence[Refusal]:
        return await self._change("delete", ids, "it is running or not known")

    async def purge(self, queue: str, *, states: Set[State]) -> int:
        names = json.dumps([state.value for state in states - {State.RUNNING}])
        parameters: dict[str, Any] = {"queue": queue, "states": names, "after": 0, "limit": PURGED_AT_ONCE}
        count = 0
        while rows := await self._returned("purge", parameters | {"now": self._clock.now()}):
            count += len(rows)
            parameters["after"] = max(seq for (seq,) in rows)
        return count

    async def _change(self, verb: str, ids: Sequence[str], objection: str) -> Sequence[Refusal]:
        rows = await self._returned(verb, {"ids": json.dumps(ids), "now": self._clock.now()})
        self._changed()
        changed = {id for (id,) in rows}
        refusals: list[Refusal] = []
        for id in ids:
            if id in changed:
                # A second mention in the same batch comes too late.
                changed.remove(id)
            else:
                refusals.append(Refusal(id, "", Reason.INVALID, objection))
        return refusals

    async def _rows(self, verb: str, parameters: Mapping[str, Any]) -> list[Row]:
        return await self._connection.read(lambda connection: connection.execute(sql(verb), parameters).fetchall())

    async def _returned(self, verb: str, parameters: Mapping[str, Any]) -> list[Row]:
        return await self._connection.write(lambda connection: connection.execute(sql(verb), parameters).fetchall())


def _stats(queue: str, counts: Mapping[str, int]) -> QueueStats:
    return QueueStats(
        queue,
        pending=counts["pending"],
        scheduled=counts["scheduled"],
        running=counts["running"],
        dead=counts["dead"],
    )


def _view(row: Row) -> MessageView:
    _, id, queue, header, body, attempt, failures, owner, error, standing, due_in_seconds = row
    state = State(standing)
    return MessageView(
        loads_message(id, queue, header, body)[0],
        state,
        attempt=attempt,
        failures=failures,
        due_in_seconds=due_in_seconds if state in (State.SCHEDULED, State.RUNNING) else None,
        worker=owner,
        error=ErrorInfo(**json.loads(error)) if error else None,
    )
