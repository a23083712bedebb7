import asyncio

import pytest

from asynctasq.adapters.sqs.calls import all_of, finished, together


async def fail():
    raise ValueError("no")


async def give(value):
    return value


def test_a_cancelled_call_comes_to_its_end_and_is_undone_before_the_cancellation_takes_effect():
    log = []

    async def call():
        await asyncio.sleep(0)
        log.append("done")
        return "it"

    async def undo(result):
        await asyncio.sleep(0)
        log.append(f"undone {result}")

    async def main():
        task = asyncio.create_task(finished(call(), undo=undo))
        await asyncio.sleep(0)
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0)
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(main())
    assert log == ["done", "undone it"]


def test_a_call_that_fails_has_nothing_to_undo():
    async def main():
        task = asyncio.create_task(finished(fail(), undo=give))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(main())


def test_calls_side_by_side_all_come_to_their_end():
    given, errors = asyncio.run(together([give(1), fail(), give(2)]))

    assert given == [1, 2]
    assert [str(error) for error in errors] == ["no"]


def test_one_error_may_be_too_many():
    with pytest.raises(ValueError, match="no"):
        asyncio.run(all_of([give(1), fail()]))
