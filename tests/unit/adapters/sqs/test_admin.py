"""What the admin contract does not see, on moto's server."""

import pytest

from asynctasq.domain.errors import Unsupported
from asynctasq.domain.lifecycle import State
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Bury, Cancel
from asynctasq.domain.views import QueueStats

pytestmark = pytest.mark.broker("sqs")

WAITING = frozenset({State.PENDING, State.SCHEDULED})


def messages(count, **options):
    return [Message(f"message-{number:02}", "one", task="t", body=b"", **options) for number in range(count)]


async def bury(queue, count):
    await queue.enqueue(messages(count))
    held = await queue.lease(["one"], limit=count, lease_seconds=30, owner="worker")
    await queue.settle([Bury(each, error=ErrorInfo("E", "why")) for each in held])


def test_looking_at_dead_letters_leaves_them_where_they_are(play):
    async def scenario(queue):
        await bury(queue, 25)
        looks = [await queue.admin.find(state=State.DEAD) for _ in range(2)]
        return [len(look.messages) for look in looks], await queue.admin.stats()

    assert play(scenario) == ([25, 25], [QueueStats("one", pending=0, scheduled=0, running=0, dead=25)])


def test_a_dead_letter_tells_who_had_it_last(play):
    async def scenario(queue):
        await bury(queue, 1)
        [view] = (await queue.admin.find(state=State.DEAD, queue="one")).messages
        return view.worker, view.attempt, view.error, (await queue.admin.find(state=State.DEAD, queue="two")).messages

    assert play(scenario) == ("worker", 1, ErrorInfo("E", "why"), [])


def test_dead_letters_can_be_deleted_one_by_one_and_as_a_whole(play):
    async def scenario(queue):
        await bury(queue, 12)
        refusals = await queue.admin.delete(["message-03", "unknown"])
        purged = await queue.admin.purge("one", states={State.DEAD})
        return [refusal.id for refusal in refusals], purged, await queue.admin.stats()

    assert play(scenario) == (["unknown"], 11, [])


def test_what_was_cancelled_lies_beside_the_dead_and_can_start_again(play):
    async def scenario(queue):
        await queue.enqueue(messages(1))
        [held] = await queue.lease(["one"], limit=1, lease_seconds=30, owner="w")
        await queue.settle([Cancel(held)])
        states = [len((await queue.admin.find(state=state)).messages) for state in (State.DEAD, State.CANCELLED)]
        refusals = await queue.admin.requeue(["message-00"])
        return states, refusals, len(await queue.lease(["one"], limit=1, lease_seconds=30, owner="w"))

    assert play(scenario) == ([0, 1], [], 1)


def test_waiting_messages_are_purged_if_none_runs(play):
    async def scenario(queue):
        await queue.enqueue([*messages(3), Message("later", "one", task="t", body=b"", delay_seconds=60)])
        purged = await queue.admin.purge("one", states=WAITING)
        return purged, await queue.admin.stats()

    assert play(scenario) == (4, [])


def test_nothing_is_purged_while_something_runs(play):
    async def scenario(queue):
        await queue.enqueue(messages(3))
        await queue.lease(["one"], limit=1, lease_seconds=30, owner="w")
        with pytest.raises(Unsupported, match=r"1 messages of queue 'one' run.*stop the workers first"):
            await queue.admin.purge("one", states=WAITING)
        return await queue.admin.stats()

    assert play(scenario) == [QueueStats("one", pending=2, scheduled=0, running=1, dead=0)]


def test_what_waits_or_runs_cannot_be_found(play):
    async def scenario(queue):
        for state in (State.PENDING, State.SCHEDULED, State.RUNNING):
            with pytest.raises(Unsupported, match=f"no {state.value} messages"):
                await queue.admin.find(state=state)

    play(scenario)


def test_who_may_not_list_queues_is_told_to_name_them(play, server):
    async def scenario(queue):
        await queue.enqueue(messages(1))
        server.deny("ListQueues")
        with pytest.raises(Unsupported, match=r"list_queues: AccessDenied.*or name the queues"):
            await queue.admin.queues()
        await queue.ping()

    play(scenario)


def test_a_prefix_that_tells_nothing_is_not_listed_with(play, server):
    prefix = server.create("one").removesuffix("one")

    async def scenario(queue):
        await bury(queue, 0)
        with pytest.raises(Unsupported, match="queue_url_prefix does not tell our queues from others"):
            await queue.admin.stats()
        return (await queue.admin.find(state=State.DEAD, queue="one")).messages

    assert play(scenario, queue_url_prefix=prefix) == []
