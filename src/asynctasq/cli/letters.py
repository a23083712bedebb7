"""Which dead letters a command means, and what it does to them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from attrs import field, frozen

from asynctasq.app.monitor import Monitor
from asynctasq.domain.errors import AsyncTasQError, ConfigurationError
from asynctasq.domain.lifecycle import State
from asynctasq.domain.options import check_queue_name
from asynctasq.domain.verdict import Refusal
from asynctasq.domain.views import MessageView

BATCH = 500
DEAD = frozenset({State.DEAD})


def _exactly_one(letters: "Letters", _: object, everything: bool) -> None:  # noqa: FBT001 - an attrs validator
    if [bool(letters.ids), letters.queue is not None, everything].count(True) != 1:
        raise ConfigurationError("which dead letters? Name their ids, or --queue, or --all")
    if letters.queue is not None:
        check_queue_name(letters.queue)


@frozen
class Letters:
    """Those with these ids, those of one queue, or every one."""

    ids: tuple[str, ...]
    queue: str | None
    everything: bool = field(validator=_exactly_one)

    def __str__(self) -> str:
        if self.ids:
            return count_of(len(self.ids))
        return f"every dead letter of queue {self.queue!r}" if self.queue else "every dead letter of every queue"


@frozen
class Done:
    """How many it was done to, and why it was not done to others."""

    count: int
    problems: tuple[str, ...] = ()


def count_of(count: int) -> str:
    """As in "2 dead letters"."""
    return f"{count or 'no'} dead letter{'' if count == 1 else 's'}"


async def look(monitor: Monitor, letters: Letters) -> Sequence[MessageView]:
    """Raises if one of the ids is no dead letter."""
    if not letters.ids:
        return [view async for view in walk(monitor, letters.queue)]
    views = {id: await monitor.get(id) for id in letters.ids}  # a handful, typed by hand
    found = [view for view in views.values() if view is not None and view.state is State.DEAD]
    strangers = views.keys() - {view.message.id for view in found}
    if strangers:
        raise AsyncTasQError(f"no dead letter has the id {' or '.join(map(repr, sorted(strangers)))}")
    return found


async def walk(monitor: Monitor, queue: str | None) -> AsyncIterator[MessageView]:
    """Every dead letter, the oldest first."""
    after = None
    while True:
        page = await monitor.find(state=State.DEAD, queue=queue, limit=BATCH, after=after)
        for view in page.messages:
            yield view
        after = page.after
        if after is None:
            return


async def retry(monitor: Monitor, letters: Letters) -> Done:
    """Start them again."""
    # Gathered first: what dies again meanwhile is not started a second time.
    ids = letters.ids or [view.message.id async for view in walk(monitor, letters.queue)]
    return await _in_batches(monitor.requeue, ids)


async def purge(monitor: Monitor, letters: Letters) -> Done:
    """Forget them."""
    if letters.ids:
        return await _in_batches(monitor.delete, [view.message.id for view in await look(monitor, letters)])
    queues = [letters.queue] if letters.queue else [stats.name for stats in await monitor.stats() if stats.dead != 0]
    return Done(sum([await monitor.purge(queue, states=DEAD) for queue in queues]))


async def _in_batches(change: Callable[[Sequence[str]], Awaitable[Sequence[Refusal]]], ids: Sequence[str]) -> Done:
    refusals: list[Refusal] = []
    for start in range(0, len(ids), BATCH):
        refusals += await change(ids[start : start + BATCH])
    return Done(len(ids) - len(refusals), tuple(f"{refusal.id}: {refusal.text}" for refusal in refusals))
