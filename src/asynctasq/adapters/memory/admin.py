"""Looking into a storage and repairing what lies there; a scan is fine here, nobody's task waits for it."""

from collections.abc import Callable, Sequence, Set
from itertools import islice

from asynctasq.adapters.memory.storage import Entry, MemoryStorage
from asynctasq.domain.lifecycle import State
from asynctasq.domain.verdict import Reason, Refusal
from asynctasq.domain.views import MessageView, Page, QueueStats
from asynctasq.ports.admin import AdminCapabilities, QueueAdmin

LIVE = (State.PENDING, State.SCHEDULED, State.RUNNING)
ENDED = (State.DEAD, State.CANCELLED)


class MemoryAdmin(QueueAdmin):
    """`now` is the queue's: it raises `Closed` when the queue is."""

    capabilities = AdminCapabilities()

    def __init__(self, storage: MemoryStorage, now: Callable[[], float]) -> None:
        self._storage = storage
        self._now = now

    async def queues(self) -> Sequence[str]:
        now = self._refresh()
        return [name for name in self._storage.queues() if any(self._storage.line(name, state, now) for state in LIVE)]

    async def stats(self) -> Sequence[QueueStats]:
        now = self._refresh()
        return [
            QueueStats(
                name,
                **{state.value: len(self._storage.line(name, state, now)) for state in (*LIVE, State.DEAD)},
            )
            for name in self._storage.queues()
        ]

    async def find(self, *, state: State, queue: str | None = None, limit: int = 100, after: str | None = None) -> Page:
        now = self._refresh()
        found = (
            entry
            for entry in self._storage.entries.values()
            if entry.state is state and queue in (None, entry.message.queue) and entry.sequence > int(after or 0)
        )
        page = list(islice(found, limit))
        return Page([_view(entry, now) for entry in page], str(page[-1].sequence) if any(found) else None)

    async def fetch(self, ids: Sequence[str]) -> Sequence[MessageView]:
        now = self._refresh()
        return [_view(entry, now) for id in ids if (entry := self._storage.entries.get(id))]

    async def requeue(self, ids: Sequence[str]) -> Sequence[Refusal]:
        def start_again(entry: Entry, now: float) -> None:
            entry.attempt = entry.failures = 0
            entry.skewed_seconds = 0.0
            entry.token = ""
            self._storage.move(entry, State.PENDING, now, now)

        return self._change(ids, ENDED, start_again)

    async def cancel(self, ids: Sequence[str]) -> Sequence[Refusal]:
        # A running one keeps its token: by that its worker is told.
        return self._change(ids, LIVE, lambda entry, now: self._storage.move(entry, State.CANCELLED, now, now))

    async def delete(self, ids: Sequence[str]) -> Sequence[Refusal]:
        states = (State.PENDING, State.SCHEDULED, *ENDED)
        return self._change(ids, states, lambda entry, _: self._storage.forget(entry))

    async def purge(self, queue: str, *, states: Set[State]) -> int:
        now = self._refresh()
        doomed = [id for state in states - {State.RUNNING} for id in self._storage.line(queue, state, now)]
        for id in doomed:
            self._storage.forget(self._storage.entries[id])
        return len(doomed)

    def _change(
        self, ids: Sequence[str], states: Sequence[State], change: Callable[[Entry, float], None]
    ) -> Sequence[Refusal]:
        now = self._refresh()
        refusals: list[Refusal] = []
        for id in ids:
            entry = self._storage.entries.get(id)
            if entry is None or entry.state not in states:
                text = f"it is {entry.state.value}" if entry else "it is not known"
                refusals.append(Refusal(id, "", Reason.INVALID, text))
            else:
                change(entry, now)
        self._storage.ring()
        return refusals

    def _refresh(self) -> float:
        now = self._now()
        for queue in self._storage.queues():
            self._storage.line(queue, State.PENDING, now)
        return now


def _view(entry: Entry, now: float) -> MessageView:
    return MessageView(
        entry.message,
        entry.state,
        attempt=entry.attempt,
        failures=entry.failures,
        due_in_seconds=entry.until - now if entry.state in (State.SCHEDULED, State.RUNNING) else None,
        worker=entry.owner,
        error=entry.error,
    )
