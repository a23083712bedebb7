"""Looking into the tables and repairing what lies there."""

from collections.abc import Callable, Sequence, Set

from asynctasq.adapters.postgres.connection import Database, Row
from asynctasq.adapters.postgres.entering import ids_of
from asynctasq.adapters.postgres.names import Tables
from asynctasq.adapters.postgres.settling import error_of
from asynctasq.adapters.postgres.statements import sql
from asynctasq.domain.lifecycle import State
from asynctasq.domain.verdict import Reason, Refusal
from asynctasq.domain.views import MessageView, Page, QueueStats
from asynctasq.domain.wire import loads_message
from asynctasq.ports.admin import AdminCapabilities, QueueAdmin

KEPT = frozenset({State.DEAD, State.CANCELLED})
PURGED_AT_ONCE = 5000


class PostgresAdmin(QueueAdmin):
    """`channel` is where is told that something may have become leasable."""

    capabilities = AdminCapabilities()

    def __init__(self, database: Database, tables: Tables, channel: Callable[[], str]) -> None:
        self._database = database
        self._tables = tables
        self._channel = channel

    async def queues(self) -> Sequence[str]:
        return [row["name"] for row in await self._database.run(sql("queues", self._tables))]

    async def stats(self) -> Sequence[QueueStats]:
        counts: dict[str, dict[str, int]] = {}
        for row in await self._look("stats"):
            counts.setdefault(row["queue"], {})[row["state"]] = row["count"]
        return [
            QueueStats(
                queue,
                pending=of_queue.get("pending", 0),
                scheduled=of_queue.get("scheduled", 0),
                running=of_queue.get("running", 0),
                dead=of_queue.get("dead", 0),
            )
            for queue, of_queue in sorted(counts.items())
        ]

    async def find(self, *, state: State, queue: str | None = None, limit: int = 100, after: str | None = None) -> Page:
        # One more than asked for shows whether there is another page.
        verb = "find_kept" if state in KEPT else "find"
        seq, _, id = (after or "0").partition(".")
        rows = await self._look(verb, state.value, queue, int(seq), id, limit + 1)
        views = [_view(row) for row in rows[:limit]]
        # Two queues may share a table of dead letters, so `seq` alone does not tell where a page ended.
        return Page(views, f"{rows[limit - 1]['seq']}.{rows[limit - 1]['id']}" if len(rows) > limit else None)

    async def fetch(self, ids: Sequence[str]) -> Sequence[MessageView]:
        rows = await self._database.run(sql("fetch", self._tables), _storable(ids))
        views = {view.message.id: view for view in map(_view, rows)}
        return [views[id] for id in ids if id in views]

    async def requeue(self, ids: Sequence[str]) -> Sequence[Refusal]:
        return await self._change("requeue", ids, "it is not among the dead or the cancelled", self._channel())

    async def cancel(self, ids: Sequence[str]) -> Sequence[Refusal]:
        return await self._change("cancel", ids, "it is neither waiting nor running")

    async def delete(self, ids: Sequence[str]) -> Sequence[Refusal]:
        return await self._change("delete", ids, "it is running or not known")

    async def purge(self, queue: str, *, states: Set[State]) -> int:
        count = 0
        for verb, wanted in (("purge", states - KEPT - {State.RUNNING}), ("purge_kept", states & KEPT)):
            names = sorted(state.value for state in wanted)
            # Some at a time: whoever works on the same queue waits for these locks.
            while names and (purged := (await self._look(verb, queue, names, PURGED_AT_ONCE))[0]["count"]):
                count += purged
        return count

    async def _change(self, verb: str, ids: Sequence[str], objection: str, *more: str) -> Sequence[Refusal]:
        rows = await self._database.run(sql(verb, self._tables), sorted(_storable(ids)), *more)
        changed = set(ids_of(rows))
        refusals: list[Refusal] = []
        for id in ids:
            if id in changed:
                # A second mention in the same batch comes too late.
                changed.remove(id)
            else:
                refusals.append(Refusal(id, "", Reason.INVALID, objection))
        return refusals

    async def _look(self, verb: str, *arguments: object) -> Sequence[Row]:
        return await self._database.run(sql(verb, self._tables), *arguments, for_people=True)


def _storable(ids: Sequence[str]) -> list[str]:
    """Without those that no table can hold, and that PostgreSQL would not even compare."""
    return [id for id in ids if "\0" not in id and id.encode(errors="replace").decode() == id]


def _view(row: Row) -> MessageView:
    state = State(row["state"])
    return MessageView(
        loads_message(row["id"], row["queue"], row["header"], row["body"])[0],
        state,
        attempt=row["attempt"],
        failures=row["failures"],
        due_in_seconds=row["due_in"] if state in (State.SCHEDULED, State.RUNNING) else None,
        worker=row["owner"],
        error=error_of(row["error"]),
    )
