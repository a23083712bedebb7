import asyncio
import time

from asynctasq.adapters.system.clock import WallClock


def test_it_tells_the_time_of_this_machine():
    before, now, after = time.time(), WallClock().now(), time.time()

    assert before <= now <= after


def test_it_sleeps_no_longer_than_told():
    asyncio.run(asyncio.wait_for(WallClock().sleep(0), 1))
