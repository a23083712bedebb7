"""The promises of the port `QueueAdmin`."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

import pytest

from asynctasq.domain.errors import Unsupported
from asynctasq.domain.lease import Lease
from asynctasq.domain.lifecycle import State
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Ack, Bury, Reason, Retry
from asynctasq.domain.views import MessageView, QueueStats
from asynctasq.ports.queue import Queue
from asynctasq.testing.bench import QueueBench
from asynctasq.testing.contracts.promise import Contract, promise
from asynctasq.testing.contracts.stage import Stage, ids, put, reasons

ERROR = ErrorInfo("builtins.ValueError", "no", "Traceback …")
EVERYTHING = ("finds pending", "finds scheduled", "finds running", "finds dead", "finds cancelled")
ALL_COUNTS = ("counts pending", "counts scheduled", "counts running", "counts dead")


class QueueAdminContract(Contract):
    """Subclass it once per adapter and name the bench, as for `QueueContract`. Promises are counted as verbs here."""

    bench: ClassVar[type[QueueBench]]

    @pytest.fixture
    def stage(self) -> Iterator[Stage]:
        """A fresh loop and bench for each test."""
        with Stage.on(self.bench) as stage:
            yield stage

    @promise("queues", needs=("lists_queues",))
    async def test_queues_names_those_that_hold_what_a_worker_could_lease(self, stage: Stage) -> None:
        client = await stage.client()

        await put(client, stage.message("running"))
        await stage.lease(client, "running")
        before = list(await client.admin.queues())
        await put(client, stage.message("waiting"), stage.message("later", delay=8))
        after = list(await client.admin.queues())

        assert "running" in before
        assert {"later", "running", "waiting"}.issubset(after)
        assert after == sorted(after)

    @promise("queues", needs=("lists_queues", "no lists_empty_queues"))
    async def test_queues_names_no_queue_that_holds_nothing_a_worker_could_lease(self, stage: Stage) -> None:
        client = await stage.client()

        await put(client, stage.message("dead"), stage.message("done"), stage.message("waiting"))
        await _bury(client, await stage.lease(client, "dead"))
        await client.settle([Ack(lease) for lease in await stage.lease(client, "done")])

        assert list(await client.admin.queues()) == ["waiting"]

    @promise("stats", needs=ALL_COUNTS)
    async def test_stats_counts_every_state_of_every_queue(self, stage: Stage) -> None:
        client = await stage.client()

        await put(client, stage.message("b"), stage.message("b", delay=3), stage.message("a"), stage.message("c"))
        await stage.lease(client, "a")
        await _bury(client, await stage.lease(client, "c"))
        stats = list(await client.admin.stats())

        assert stats == [
            QueueStats("a", pending=0, scheduled=0, running=1, dead=0),
            QueueStats("b", pending=1, scheduled=1, running=0, dead=0),
            QueueStats("c", pending=0, scheduled=0, running=0, dead=1),
        ]

    @promise("stats", needs=(*ALL_COUNTS, "leases_expire"))
    async def test_stats_counts_what_came_due_and_what_expired_as_pending(self, stage: Stage) -> None:
        client = await stage.client()

        await put(client, stage.message())
        await stage.lease(client, lasts=3)
        await put(client, stage.message(delay=3))
        await stage.advance(3.5)

        assert list(await client.admin.stats()) == [QueueStats("one", pending=2, scheduled=0, running=0, dead=0)]

    @promise("find", needs=EVERYTHING)
    async def test_find_gives_the_messages_of_one_state_and_queue(self, stage: Stage) -> None:
        client = await stage.client()
        states = await _one_in_each_state(stage, client)
        await put(client, stage.message("two"))

        found = {state: (await client.admin.find(state=state, queue="one")).messages for state in states}

        assert {state: [view.message.id for view in views] for state, views in found.items()} == {
            state: [message.id] for state, message in states.items()
        }
        assert {view.state for view in (await client.admin.find(state=State.PENDING)).messages} == {State.PENDING}

    @promise("find", needs=("finds dead",))
    async def test_find_gives_pages_of_at_most_limit_that_miss_nothing(self, stage: Stage) -> None:
        client = await stage.client()
        messages = [stage.message() for _ in range(7)]
        await put(client, *messages)
        await _bury(client, await stage.lease(client))

        pages = [await client.admin.find(state=State.DEAD, limit=3)]
        while (after := pages[-1].after) is not None:
            pages.append(await client.admin.find(state=State.DEAD, limit=3, after=after))

        found = [view.message.id for page in pages for view in page.messages]
        assert max(len(page.messages) for page in pages) <= 3  # noqa: PLR2004  # the limit asked for
        assert sorted(found) == sorted(message.id for message in messages)

    @promise("find", needs=("finds pending",))
    async def test_find_gives_the_oldest_first(self, stage: Stage) -> None:
        client = await stage.client()
        messages = [stage.message() for _ in range(5)]

        for message in messages:
            await put(client, message)
        page = await client.admin.find(state=State.PENDING)

        assert [view.message.id for view in page.messages] == [message.id for message in messages]

    @promise("fetch", needs=EVERYTHING)
    async def test_fetch_gives_what_is_kept_in_the_order_asked_for(self, stage: Stage) -> None:
        client = await stage.client()
        states = await _one_in_each_state(stage, client)
        asked = sorted(states.items(), key=lambda item: item[1].id, reverse=True)

        views = await client.admin.fetch([message.id for _, message in asked] + ["unknown"])

        assert [(view.state, view.message.id) for view in views] == [(state, message.id) for state, message in asked]

    @promise("fetch", needs=("finds scheduled", "finds running", "exact_attempts"))
    async def test_a_view_tells_how_it_stands_with_a_message(self, stage: Stage) -> None:
        client = await stage.client()
        message = stage.message(headers={"a": "1"})

        await put(client, message)
        [lease] = await stage.lease(client)
        await client.settle([Retry(lease, delay_seconds=4 * stage.unit, error=ERROR)])
        await stage.advance(1)
        [view] = await client.admin.fetch([message.id])

        assert (view.attempt, view.failures, view.error, view.worker) == (1, 1, ERROR, "contract")
        assert (view.message.body, dict(view.message.headers)) == (message.body, {"a": "1"})
        assert abs((view.due_in_seconds or 0) - 3 * stage.unit) <= stage.unit

    @promise("requeue", needs=("finds dead",))
    async def test_the_dead_start_again_at_once_with_fresh_attempts(self, stage: Stage) -> None:
        client = await stage.client()
        message = stage.message()

        await put(client, message)
        [lease] = await stage.lease(client)
        await client.settle([Retry(lease, delay_seconds=0, error=ERROR)])
        await _bury(client, await stage.lease(client))
        refusals = await client.admin.requeue([message.id])
        [again] = await stage.lease(client)

        assert list(refusals) == []
        assert (again.message.id, again.message.body, again.attempt, again.failures) == (message.id, b"body", 1, 0)

    @promise("requeue", needs=("finds dead",))
    async def test_a_waiting_lease_returns_as_soon_as_something_is_requeued(self, stage: Stage) -> None:
        client = await stage.client()
        message = stage.message()

        await put(client, message)
        await _bury(client, await stage.lease(client))
        call = await stage.begin(stage.lease(client, wait=10))
        await client.admin.requeue([message.id])

        assert ids(await stage.answer(call)) == [message.id]

    @promise("requeue", needs=EVERYTHING)
    async def test_requeue_takes_the_dead_and_the_cancelled_and_refuses_others(self, stage: Stage) -> None:
        client = await stage.client()
        states = await _one_in_each_state(stage, client)

        refusals = await client.admin.requeue([message.id for message in states.values()] + ["unknown"])

        taken = {states[State.DEAD].id, states[State.CANCELLED].id}
        refused = {message.id for message in states.values()} - taken | {"unknown"}
        assert reasons(refusals) == dict.fromkeys(refused, Reason.INVALID)
        assert {id for id in ids(await stage.lease(client)) if id in taken} == taken

    @promise("cancel", needs=("cancels", *EVERYTHING))
    async def test_cancel_takes_what_waits_or_runs_and_refuses_others(self, stage: Stage) -> None:
        client = await stage.client()
        states = await _one_in_each_state(stage, client)

        refusals = await client.admin.cancel([message.id for message in states.values()] + ["unknown"])
        await stage.advance(9)

        refused = {states[State.DEAD].id, states[State.CANCELLED].id, "unknown"}
        assert reasons(refusals) == dict.fromkeys(refused, Reason.INVALID)
        assert list(await stage.lease(client)) == []
        views = await client.admin.fetch([states[State.RUNNING].id, states[State.PENDING].id])
        assert {view.state for view in views} == {State.CANCELLED}

    @promise("delete", needs=EVERYTHING)
    async def test_delete_forgets_what_is_not_running_and_refuses_others(self, stage: Stage) -> None:
        client = await stage.client()
        states = await _one_in_each_state(stage, client)
        all_ids = [message.id for message in states.values()]

        refusals = await client.admin.delete([*all_ids, "unknown"])

        running = states[State.RUNNING].id
        assert reasons(refusals) == dict.fromkeys((running, "unknown"), Reason.INVALID)
        assert [view.message.id for view in await client.admin.fetch(all_ids)] == [running]

    @promise("purge", needs=EVERYTHING)
    async def test_purge_forgets_the_states_named_of_one_queue(self, stage: Stage) -> None:
        client = await stage.client()
        states = await _one_in_each_state(stage, client)
        other = stage.message("two")
        await put(client, other)

        count = await client.admin.purge("one", states={State.PENDING, State.SCHEDULED, State.DEAD})

        left = await client.admin.fetch([message.id for message in states.values()] + [other.id])
        assert count == len(states) - len(left) + 1
        assert _states(left) == [State.CANCELLED, State.PENDING, State.RUNNING]

    @promise("unsupported")
    async def test_a_verb_that_is_not_declared_raises_unsupported(self, stage: Stage) -> None:
        client = await stage.client()
        declared = client.admin.capabilities

        for state in set(State) - {State.SUCCEEDED} - set(declared.finds):
            with pytest.raises(Unsupported):
                await client.admin.find(state=state)
        if not declared.cancels:
            with pytest.raises(Unsupported):
                await client.admin.cancel(["unknown"])
        if not declared.lists_queues:
            with pytest.raises(Unsupported):
                await client.admin.queues()


async def _bury(client: Queue, leases: Sequence[Lease]) -> None:
    assert list(await client.settle([Bury(lease, error=ERROR) for lease in leases])) == []


async def _one_in_each_state(stage: Stage, client: Queue) -> dict[State, Message]:
    """One message of queue `one` in each state in which it is kept."""
    dead, cancelled, running, pending = (stage.message() for _ in range(4))
    scheduled = stage.message(delay=8)
    await put(client, dead)
    await _bury(client, await stage.lease(client))
    await put(client, cancelled)
    assert list(await client.admin.cancel([cancelled.id])) == []
    await put(client, running)
    await stage.lease(client, lasts=8)
    await put(client, pending, scheduled)
    return {
        State.DEAD: dead,
        State.CANCELLED: cancelled,
        State.RUNNING: running,
        State.PENDING: pending,
        State.SCHEDULED: scheduled,
    }


def _states(views: Sequence[MessageView]) -> list[State]:
    return sorted((view.state for view in views), key=lambda state: state.value)
