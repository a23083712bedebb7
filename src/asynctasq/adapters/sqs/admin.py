"""Looking at Amazon SQS and repairing what lies there: counts of every queue, and the dead letters."""

import asyncio
from collections.abc import Mapping, Sequence, Set

from attrs import frozen

from asynctasq.adapters.sqs.calls import all_of
from asynctasq.adapters.sqs.connection import Connection
from asynctasq.adapters.sqs.faults import Denied, NoSuchQueue
from asynctasq.adapters.sqs.letters import Box, Letter, Letters
from asynctasq.adapters.sqs.places import Place, Places
from asynctasq.domain.errors import Unsupported
from asynctasq.domain.lifecycle import State
from asynctasq.domain.verdict import Reason, Refusal
from asynctasq.domain.views import MessageView, Page, QueueStats
from asynctasq.ports.admin import AdminCapabilities, QueueAdmin

PENDING = "ApproximateNumberOfMessages"
SCHEDULED = "ApproximateNumberOfMessagesDelayed"
RUNNING = "ApproximateNumberOfMessagesNotVisible"
COUNTS = (PENDING, SCHEDULED, RUNNING)
NOTHING: Mapping[str, int] = dict.fromkeys(COUNTS, 0)

ENDED = frozenset({State.DEAD, State.CANCELLED})
WAITING = frozenset({State.PENDING, State.SCHEDULED})
ABSENT = "it is not among the first 1,000 dead letters of any queue"


@frozen
class Found:
    """A queue of ours, of which kind it is, and what SQS believes that it holds."""

    queue: str
    is_dead: bool
    place: Place


class SqsAdmin(QueueAdmin):
    """SQS shows a message only to who receives it, so what waits or runs is counted and not seen."""

    capabilities = AdminCapabilities(
        counts=frozenset({State.PENDING, State.SCHEDULED, State.RUNNING, State.DEAD}), finds=ENDED, cancels=False
    )

    def __init__(self, connection: Connection, places: Places) -> None:
        self._connection = connection
        self._places = places
        self._letters = Letters(connection)
        self._alone = asyncio.Lock()

    async def queues(self) -> Sequence[str]:
        with self._connection.used():
            found = [each for each in await self._found() if not each.is_dead]
            counts = await all_of(self._counts(each.place) for each in found)
            return sorted(each.queue for each, of_it in zip(found, counts, strict=True) if any(of_it.values()))

    async def stats(self) -> Sequence[QueueStats]:
        with self._connection.used():
            found = await self._found()
            counts = await all_of(self._counts(each.place) for each in found)
        live: dict[str, Mapping[str, int]] = {}
        dead: dict[str, int] = {}
        for each, of_it in zip(found, counts, strict=True):
            if each.is_dead:
                dead[each.queue] = sum(of_it.values())
            else:
                live[each.queue] = of_it
        stats = [_stats(name, live.get(name, NOTHING), dead.get(name, 0)) for name in sorted(live.keys() | dead.keys())]
        return [each for each in stats if each.pending or each.scheduled or each.running or each.dead]

    async def find(self, *, state: State, queue: str | None = None, limit: int = 100, after: str | None = None) -> Page:
        if state not in ENDED:
            raise Unsupported(f"finds: Amazon SQS shows no {state.value} messages, only dead letters")
        with self._connection.used():
            async with self._alone, self._letters.opened(await self._boxes(queue)) as letters:
                found = [each for each in letters if each.view.state is state and each.rank > (after or "")]
        page = found[:limit]
        return Page([each.view for each in page], page[-1].rank if len(found) > limit else None)

    async def fetch(self, ids: Sequence[str]) -> Sequence[MessageView]:
        with self._connection.used():
            async with self._alone, self._letters.opened(await self._boxes()) as letters:
                views = {each.view.message.id: each.view for each in letters}
        return [views[id] for id in ids if id in views]

    async def requeue(self, ids: Sequence[str]) -> Sequence[Refusal]:
        return await self._take(ids, again=True)

    async def cancel(self, ids: Sequence[str]) -> Sequence[Refusal]:  # noqa: ARG002 - it is refused whatever they are
        raise Unsupported("cancels: Amazon SQS cannot find the message of an id, so sqs cannot cancel it")

    async def delete(self, ids: Sequence[str]) -> Sequence[Refusal]:
        return await self._take(ids, again=False)

    async def purge(self, queue: str, *, states: Set[State]) -> int:
        with self._connection.used():
            count = await self._purge_waiting(queue, states & WAITING)
            if states & ENDED:
                count += await self._purge_ended(queue, states & ENDED)
        return count

    async def _take(self, ids: Sequence[str], *, again: bool) -> Sequence[Refusal]:
        """Remove dead letters, after they were sent again or for good."""
        with self._connection.used():
            boxes = await self._boxes()
            async with self._alone, self._letters.opened(boxes) as letters:
                known = {each.view.message.id for each in letters}
                await all_of(self._take_from(box, set(ids), again=again) for box in boxes)
        return [Refusal(id, "", Reason.INVALID, ABSENT) for id in ids if id not in known]

    async def _take_from(self, box: Box, ids: Set[str], *, again: bool) -> None:
        wanted: Sequence[Letter] = [each for each in box.letters if each.view.message.id in ids]
        if again and wanted:
            place = await self._places.place(self._places.names.live(box.queue))
            wanted = await self._letters.requeue(place, wanted)
        await self._letters.remove(box, wanted)

    async def _purge_ended(self, queue: str, states: Set[State]) -> int:
        count = 0
        async with self._alone:
            for box in await self._boxes(queue):  # one at most
                while True:  # a thousand at a time
                    async with self._letters.opened([Box(box.queue, box.place)]) as letters:
                        doomed = [each for each in letters if each.view.state in states]
                        await self._letters.remove(box, doomed)
                    count += len(doomed)
                    if not doomed:
                        break
        return count

    async def _purge_waiting(self, queue: str, states: Set[State]) -> int:
        if not states:
            return 0
        if states != WAITING:
            raise Unsupported("purge: Amazon SQS forgets pending and scheduled messages only together")
        counts = NOTHING
        for found in await self._found():
            if found.queue == queue and not found.is_dead:
                counts = await self._counts(found.place)
                if counts[RUNNING]:
                    raise Unsupported(
                        f"purge: {counts[RUNNING]} messages of queue {queue!r} run, and Amazon SQS would forget those "
                        "too: stop the workers first"
                    )
                await self._connection.call("purge_queue", QueueUrl=found.place.url)
        return sum(counts.values())

    async def _boxes(self, queue: str | None = None) -> list[Box]:
        """Where dead letters lie: those of one queue, or of every one that can be listed."""
        if queue is not None:
            place = await self._places.existing(self._places.names.dead(queue))
            return [Box(queue, place)] if place else []
        return [Box(each.queue, each.place) for each in await self._found() if each.is_dead]

    async def _found(self) -> list[Found]:
        if not self._places.can_list:
            raise Unsupported(
                "lists_queues: queue_url_prefix does not tell our queues from others: let it end with the first "
                "letters of their names, or name the queues"
            )
        try:
            places = await self._places.listed()
        except Denied as error:
            raise Unsupported(f"lists_queues: {error}, or name the queues") from error
        owners = [(self._places.names.owner(place.name), place) for place in places]
        return [Found(*owner, place) for owner, place in owners if owner]

    async def _counts(self, place: Place) -> Mapping[str, int]:
        try:
            answer = await self._connection.call("get_queue_attributes", QueueUrl=place.url, AttributeNames=COUNTS)
        except NoSuchQueue:
            return NOTHING
        attributes = answer.get("Attributes", {})
        return {name: int(attributes.get(name, 0)) for name in COUNTS}


def _stats(queue: str, live: Mapping[str, int], dead: int) -> QueueStats:
    return QueueStats(queue, pending=live[PENDING], scheduled=live[SCHEDULED], running=live[RUNNING], dead=dead)
