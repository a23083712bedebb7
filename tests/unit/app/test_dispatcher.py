"""Dispatches that come together share a call to the queue, and nothing else."""

import asyncio
import copy
import gc

import pytest

from asynctasq import task
from asynctasq.adapters.memory.queue import MemoryQueue
from asynctasq.app.dispatcher import Dispatcher
from asynctasq.domain.errors import Refused, Unavailable, Unsupported
from asynctasq.domain.verdict import Ack, Reason, Refusal
from tests.unit.app.running import application


@task
async def nothing(index): ...


class Watched(MemoryQueue):
    """Notes the batches, and refuses every message with a priority."""

    def __init__(self):
        super().__init__()
        self.batches = []

    async def enqueue(self, messages, *, key=None):
        self.batches.append([message.id for message in messages])
        refusals = await super().enqueue([message for message in messages if message.priority == 0], key=key)
        return [*refusals, *(Refusal(one.id, "", Reason.INVALID, "no") for one in messages if one.priority != 0)]


class Silent(MemoryQueue):
    async def enqueue(self, messages, *, key=None):
        raise Unavailable("nobody there")


class LosesItsFirstAnswer(MemoryQueue):
    """And what came with that call has been leased and acked before it is repeated."""

    answers = 0

    async def enqueue(self, messages, *, key=None):
        refusals = await super().enqueue(messages, key=key)
        self.answers += 1
        if self.answers == 1:
            await self.settle([Ack(lease) for lease in await self.waiting()])
            raise Unavailable("gone before it could answer")
        return refusals

    async def waiting(self):
        return await self.lease(["default"], limit=10, lease_seconds=30, owner="test")


def nothing_on(queue, index=0):
    sendable = nothing(index)
    sendable.config["driver"] = queue
    return sendable


def test_dispatches_of_one_tick_go_in_one_call():
    async def main():
        queue = Watched()
        async with application() as app:
            ids = await asyncio.gather(*(app.dispatcher.dispatch(nothing_on(queue, at)) for at in range(100)))
        assert queue.batches == [ids]

    asyncio.run(main())


def test_no_call_is_longer_than_a_queue_should_take_at_once():
    async def main():
        queue = Watched()
        async with application() as app:
            many = app.dispatcher.dispatch_many([nothing_on(queue, at) for at in range(1200)])
            single = [app.dispatcher.dispatch(nothing_on(queue, at)) for at in range(1001)]
            await asyncio.gather(*single, many)
        assert [len(batch) for batch in queue.batches] == [1000, 1, 1200]

    asyncio.run(main())


def test_a_waiting_dispatch_holds_little_for_the_garbage_collector_to_look_through():
    async def main():
        async with application() as app:
            app.broker.post = lambda *_: None  # nobody is ever answered
            gc.collect()
            held = len(gc.get_objects())
            dispatches = [asyncio.create_task(app.dispatcher.dispatch(nothing(at))) for at in range(100)]
            await asyncio.sleep(0)
            held = len(gc.get_objects()) - held
            for dispatch in dispatches:
                dispatch.cancel()
            await asyncio.wait(dispatches)
            del app.broker.post
        return held / len(dispatches)

    # Ours are a coroutine, its future and its message; a task has five for itself while it waits.
    assert asyncio.run(main()) < 9


def test_cancelling_one_dispatch_cancels_nobody_elses():
    async def main():
        queue = Watched()
        async with application() as app:
            dispatches = [asyncio.create_task(app.dispatcher.dispatch(nothing_on(queue, at))) for at in range(100)]
            await asyncio.sleep(0)
            dispatches[50].cancel()
            results = await asyncio.gather(*dispatches, return_exceptions=True)
        assert isinstance(results.pop(50), asyncio.CancelledError)
        assert len([id for id in results if isinstance(id, str)]) == 99
        assert len(queue.batches) == 1

    asyncio.run(main())


def test_what_the_queue_refuses_fails_its_own_dispatch_only():
    async def main():
        queue = Watched()
        async with application() as app:
            unwanted = nothing_on(queue).options(priority=1)
            dispatches = [app.dispatcher.dispatch(one) for one in (nothing_on(queue), unwanted, nothing_on(queue))]
            first, refused, last = await asyncio.gather(*dispatches, return_exceptions=True)
        assert isinstance(refused, Refused)
        assert {type(first), type(last)} == {str}
        assert len(queue.batches) == 1

    asyncio.run(main())


async def together(dispatcher, sendable):
    (id,) = await dispatcher.dispatch_many([sendable])
    return id


async def synchronously(dispatcher, sendable):
    return await asyncio.to_thread(dispatcher.dispatch_sync, sendable)


@pytest.mark.parametrize("dispatch", [Dispatcher.dispatch, together, synchronously])
def test_a_queue_that_gives_no_answer_ends_the_dispatch_with_the_id_that_may_be_sent_again(dispatch):
    async def main():
        async with application() as app:
            app.dispatcher._timeout_seconds = 0.05
            sendable = nothing_on(Silent())
            with pytest.raises(Unavailable, match="may or may not be queued") as raised:
                await dispatch(app.dispatcher, sendable)
            sendable.config["driver"] = Watched()
            assert await dispatch(app.dispatcher, sendable) in str(raised.value)

    asyncio.run(main())


def test_a_dispatch_that_was_cancelled_on_its_way_is_not_queued_twice_when_it_is_made_again():
    async def main():
        queue = Watched()
        async with application() as app:
            sendable = nothing_on(queue)
            first = asyncio.create_task(app.dispatcher.dispatch(sendable))
            await asyncio.sleep(0)
            first.cancel()
            await asyncio.wait([first])
            id = await app.dispatcher.dispatch(sendable)
            assert first.cancelled()
            leases = await queue.lease(["default"], limit=10, lease_seconds=30, owner="test")
            assert [lease.message.id for lease in leases] == [id]

    asyncio.run(main())


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_task_can_be_copied_after_its_dispatch(copied):
    async def main():
        async with application() as app:
            sendable = nothing(7)
            id = await app.dispatcher.dispatch(sendable)
            assert await app.dispatcher.dispatch(copied(sendable)) != id

    asyncio.run(main())


def test_a_running_loop_is_refused_a_synchronous_dispatch():
    async def main():
        async with application() as app:
            with pytest.raises(Unsupported, match=r"await .*dispatch\(\)"):
                app.dispatcher.dispatch_sync(nothing(0))

    asyncio.run(main())


def test_code_without_a_loop_dispatches_synchronously():
    async def main():
        queue = Watched()
        async with application() as app:
            id = await asyncio.to_thread(app.dispatcher.dispatch_sync, nothing_on(queue))
        assert queue.batches == [[id]]

    asyncio.run(main())


def test_what_was_sent_again_because_its_answer_was_lost_does_not_run_again():
    async def main():
        queue = LosesItsFirstAnswer()
        async with application() as app:
            await app.dispatcher.dispatch(nothing_on(queue))
            again = [lease.message.id for lease in await queue.waiting()]
            other = await app.dispatcher.dispatch(nothing_on(queue))
            assert (queue.answers, again) == (3, [])
            assert [lease.message.id for lease in await queue.waiting()] == [other]

    asyncio.run(main())
