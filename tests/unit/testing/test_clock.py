"""Time that moves by hand."""

import asyncio

from asynctasq.testing import ManualClock


async def turns():
    for _ in range(5):
        await asyncio.sleep(0)


async def sleep_and_note(clock, seconds, notes):
    await clock.sleep(seconds)
    notes.append(seconds)


def test_time_stands_still_until_it_is_moved():
    clock = ManualClock(5.0)

    clock.advance(1.5)

    assert (ManualClock(5.0).now(), clock.now()) == (5.0, 6.5)


def test_sleepers_wake_at_their_instant_and_not_before():
    async def scenario():
        clock, notes = ManualClock(), []
        async with asyncio.TaskGroup() as group:
            group.create_task(sleep_and_note(clock, 3, notes))
            await turns()
            clock.advance(2)
            await turns()
            early = list(notes)
            clock.advance(1)
        return early, notes

    assert asyncio.run(scenario()) == ([], [3])


def test_sleepers_wake_in_the_order_of_their_instants():
    async def scenario():
        clock, notes = ManualClock(), []
        async with asyncio.TaskGroup() as group:
            for seconds in (3, 1, 2):
                group.create_task(sleep_and_note(clock, seconds, notes))
            await turns()
            clock.advance(10)
        return notes

    assert asyncio.run(scenario()) == [1, 2, 3]


def test_to_sleep_for_no_time_is_one_turn_of_the_loop():
    assert asyncio.run(ManualClock().sleep(0)) is None


def test_a_sleeper_that_was_cancelled_is_forgotten():
    async def scenario():
        clock, notes = ManualClock(), []
        sleeper = asyncio.create_task(sleep_and_note(clock, 1, notes))
        await turns()
        sleeper.cancel()
        await asyncio.wait([sleeper])
        clock.advance(1)
        await turns()
        return notes

    assert asyncio.run(scenario()) == []


def test_another_thread_may_move_the_time():
    async def scenario():
        clock, notes = ManualClock(), []
        async with asyncio.TaskGroup() as group:
            group.create_task(sleep_and_note(clock, 1, notes))
            await turns()
            await asyncio.to_thread(clock.advance, 1)
        return notes

    assert asyncio.run(scenario()) == [1]


def test_a_sleeper_whose_loop_is_gone_disturbs_nobody():
    clock = ManualClock()
    asyncio.run(_leave_a_sleeper(clock))

    clock.advance(1)

    assert clock.now() == ManualClock().now() + 1


async def _leave_a_sleeper(clock):
    asyncio.get_running_loop().create_task(clock.sleep(1))
    await turns()
