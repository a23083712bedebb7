"""Looking at many messages, and at some that leave meanwhile."""

import pytest

from asynctasq.domain.lifecycle import State
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Ack, Bury, Reason

pytestmark = pytest.mark.broker("redis")

ERROR = ErrorInfo("builtins.ValueError", "no", "Traceback …")


def messages(count, queue, *, priority=0, delay=0.0):
    return [
        Message(f"{queue}-{number}", queue, task="t", body=b"", priority=priority, delay_seconds=delay)
        for number in range(count)
    ]


async def pages(queue, state, limit, between=None):
    found, after = [], None
    while True:
        page = await queue.admin.find(state=state, limit=limit, after=after)
        found += [view.message.id for view in page.messages]
        after = page.after
        if after is None:
            return found
        if between:
            await between(found)


@pytest.mark.parametrize(("state", "delay"), [(State.PENDING, 0), (State.SCHEDULED, 100)])
def test_pages_cross_queues(queue, runner, state, delay):
    async def scenario():
        sent = [message for name in ("a", "b", "c") for message in messages(4, name, delay=delay)]
        await queue.enqueue(sent)
        return await pages(queue, state, 3), [message.id for message in sent]

    found, sent = runner.run(scenario())

    assert found == sent


def test_a_page_goes_on_where_the_one_before_ended_though_that_message_has_left(queue, runner):
    async def scenario():
        await queue.enqueue(messages(9, "a"))

        async def delete_the_last(found):
            await queue.admin.delete([found[-1]])

        return await pages(queue, State.PENDING, 2, delete_the_last)

    assert runner.run(scenario()) == [message.id for message in messages(9, "a")]


def test_the_dead_are_found_in_the_order_of_their_death(queue, runner):
    async def scenario():
        await queue.enqueue(messages(3, "a"))
        leases = await queue.lease(["a"], limit=3, lease_seconds=30, owner="test")
        for lease in reversed(leases):
            await queue.settle([Bury(lease, error=ERROR)])
        return await pages(queue, State.DEAD, 1)

    assert runner.run(scenario()) == ["a-2", "a-1", "a-0"]


def test_purging_many_leaves_what_runs(queue, runner):
    async def scenario():
        await queue.enqueue([*messages(2100, "a"), *messages(10, "later", delay=100)])
        [lease] = await queue.lease(["a"], limit=1, lease_seconds=30, owner="test")
        count = await queue.admin.purge("a", states=set(State))
        return count, await queue.admin.purge("a", states=set(State)), await queue.settle([Ack(lease)])

    count, again, refusals = runner.run(scenario())

    assert (count, again, list(refusals)) == (2099, 0, [])


def test_many_ids_and_odd_ones_are_answered_one_by_one(queue, runner):
    async def scenario():
        await queue.enqueue(messages(1500, "a"))
        ids = [message.id for message in messages(1500, "a")]
        odd = ["unknown", "\ud800", "x" * 1000, ids[0]]
        return await queue.admin.fetch(ids + odd), await queue.admin.delete(ids + odd)

    views, refusals = runner.run(scenario())

    assert [view.message.id for view in views][:1500] == [message.id for message in messages(1500, "a")]
    assert [refusal.id for refusal in refusals] == ["unknown", "\ud800", "x" * 1000, "a-0"]
    assert {refusal.reason for refusal in refusals} == {Reason.INVALID}
