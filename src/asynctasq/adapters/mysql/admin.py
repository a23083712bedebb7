"""Looking into the tables and repairing what lies there."""

import json
from collections.abc import Callable, Sequence, Set

from asynctasq.adapters.mysql.connection import Connection, Row
from asynctasq.adapters.mysql.literals import Value, is_storable
from asynctasq.adapters.mysql.packing import LONGEST_ID
from asynctasq.adapters.mysql.pool import Pool
from asynctasq.adapters.mysql.statements import BEGIN, COMMIT, Statements
from asynctasq.domain.lifecycle import State
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Reason, Refusal
from asynctasq.domain.views import MessageView, Page, QueueStats
from asynctasq.domain.wire import loads_message
from asynctasq.ports.admin import AdminCapabilities, QueueAdmin

KEPT = (State.DEAD, State.CANCELLED)
PURGED_AT_ONCE = 5000
LOOK_SECONDS = 60.0
"""People may look at more than a worker ever does."""


class MySQLAdmin(QueueAdmin):
    """`changed` is called when something may have become leasable."""

    capabilities = AdminCapabilities()

    def __init__(self, pool: Pool, statements: Statements, changed: Callable[[], None]) -> None:
        self._pool = pool
        self._sql = statements
        self._changed = changed

    async def queues(self) -> Sequence[str]:
        async def jump(connection: Connection) -> Sequence[str]:
            names: list[str] = []
            # One step into the index for each queue: asked for all at once, the server would read the whole index.
            while rows := (await connection.run(self._sql("next_queue", after=names[-1] if names else "")))[0].rows:
                names.append(rows[0][0])
            return names

        return await self._pool.read(jump)

    async def stats(self) -> Sequence[QueueStats]:
        counts: dict[str, Sequence[int]] = {}
        for queue, *of_queue in await self._rows("stats"):
            before = counts.get(queue, (0,) * len(of_queue))
            counts[queue] = [int(one) + int(other) for one, other in zip(before, of_queue, strict=True)]
        return [
            QueueStats(queue, pending=pending, scheduled=scheduled, running=running, dead=dead)
            for queue, (pending, scheduled, running, dead) in sorted(counts.items())
        ]

    async def find(self, *, state: State, queue: str | None = None, limit: int = 100, after: str | None = None) -> Page:
        verb = "find_kept" if state in KEPT else "find"
        # One more than asked for shows whether there is another page.
        rows = await self._rows(verb, state=state.value, queue=queue, after=int(after or 0), limit=limit + 1)
        page = rows[:limit]
        return Page([_view(row) for row in page], str(page[-1][0]) if page and len(rows) > limit else None)

    async def fetch(self, ids: Sequence[str]) -> Sequence[MessageView]:
        views = {view.message.id: view for view in map(_view, await self._rows("fetch", ids=_possible(ids)))}
        return [views[id] for id in ids if id in views]

    async def requeue(self, ids: Sequence[str]) -> Sequence[Refusal]:
        verbs = ("hold_kept", "requeue", "delete_kept")
        return await self._change(verbs, ids, "it is not among the dead or the cancelled")

    async def cancel(self, ids: Sequence[str]) -> Sequence[Refusal]:
        return await self._change(("hold", "cancel", "leave"), ids, "it is neither waiting nor running")

    async def delete(self, ids: Sequence[str]) -> Sequence[Refusal]:
        verbs = ("hold_idle", "hold_kept", "delete", "delete_kept")
        return await self._change(verbs, ids, "it is running or not known")

    async def purge(self, queue: str, *, states: Set[State]) -> int:
        waiting = [state.value for state in (State.PENDING, State.SCHEDULED) if state in states]
        kept = [state.value for state in KEPT if state in states]
        count = 0
        # Some at a time: other clients wait for these rows meanwhile.
        while waiting and (done := await self._pool.write(lambda each: self._purge_waiting(each, queue, waiting))):
            count += done
        while kept and (done := await self._pool.write(lambda each: self._purge_kept(each, queue, kept))):
            count += done
        return count

    async def _purge_waiting(self, connection: Connection, queue: str, states: Sequence[str]) -> int:
        doomed = self._sql("doomed", queue=queue, states=states, limit=PURGED_AT_ONCE)
        seqs = [seq for (seq,) in (await connection.run(BEGIN, doomed))[-1].rows]
        await connection.run(self._sql("purge", seqs=json.dumps(seqs)), COMMIT)
        return len(seqs)

    async def _purge_kept(self, connection: Connection, queue: str, states: Sequence[str]) -> int:
        statement = self._sql("purge_kept", queue=queue, states=states, limit=PURGED_AT_ONCE)
        return (await connection.run(statement))[0].count

    async def _change(self, verbs: Sequence[str], ids: Sequence[str], objection: str) -> Sequence[Refusal]:
        """The first verbs tell the ids that the others will change, and hold them still."""
        possible = _possible(ids)
        packet = [self._sql(verb, ids=possible) for verb in verbs]
        answers = await self._pool.write(lambda connection: connection.run(BEGIN, self._sql("now"), *packet, COMMIT))
        self._changed()
        changed = {row[0] for answer in answers for row in answer.rows}
        refusals: list[Refusal] = []
        for id in ids:
            if id in changed:
                # A second mention in the same batch comes too late.
                changed.remove(id)
            else:
                refusals.append(Refusal(id, "", Reason.INVALID, objection))
        return refusals

    async def _rows(self, verb: str, **values: Value) -> Sequence[Row]:
        statement = self._sql(verb, **values)
        [answer] = await self._pool.read(lambda connection: connection.run(statement, seconds=LOOK_SECONDS))
        return answer.rows


def _possible(ids: Sequence[str]) -> Sequence[str]:
    return [id for id in ids if is_storable(id, LONGEST_ID)]


def _view(row: Row) -> MessageView:
    _, id, queue, header, body, attempt, failures, owner, error, standing, due_in = row
    state = State(standing)
    return MessageView(
        loads_message(id, queue, header, body)[0],
        state,
        attempt=attempt,
        failures=failures,
        due_in_seconds=due_in / 1e6 if state in (State.SCHEDULED, State.RUNNING) else None,
        worker=owner,
        error=ErrorInfo(**json.loads(error)) if error else None,
    )
