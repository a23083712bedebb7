"""Fills the history from the events that pass anyway, so that no task waits for it."""

from collections.abc import Sequence

from asynctasq.domain.events import Event, EventKind
from asynctasq.domain.record import TaskRecord
from asynctasq.ports.events import EventSink
from asynctasq.ports.history import History


class HistorySink(EventSink):
    def __init__(self, history: History) -> None:
        self._history = history

    def __str__(self) -> str:
        return "the history of completed tasks"

    async def open(self) -> None:
        await self._history.open()

    async def close(self) -> None:
        await self._history.close()

    async def ping(self) -> None:
        await self._history.ping()

    async def publish(self, events: Sequence[Event]) -> None:
        records = [_record(event) for event in events if event.kind is EventKind.TASK_SUCCEEDED]
        if records:
            await self._history.append(records)


def _record(event: Event) -> TaskRecord:
    facts = event.fields
    return TaskRecord(
        id=event.subject,
        task=str(facts["task"]),
        queue=str(facts["queue"]),
        attempt=int(facts["attempt"] or 0),
        finished_at=event.at,
        duration_seconds=float(facts["duration_seconds"] or 0.0),
        worker=str(facts["worker"]),
        correlation_id=_text(facts.get("correlation_id")),
        dispatched_at=_text(facts.get("dispatched_at")),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
