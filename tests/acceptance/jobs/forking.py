"""Dispatches, forks, and dispatches from the child and again from the parent."""

import asyncio
import os

from counting import Count
from ledger import note


def send(index: int) -> None:
    note("dispatched", id=Count(index=index, seconds=0).dispatch_sync(), index=index)


async def send_on_a_loop(index: int) -> None:
    note("dispatched", id=await Count(index=index, seconds=0).dispatch(), index=index)


if __name__ == "__main__":
    send(0)
    child = os.fork()
    if child == 0:
        send(1)
        asyncio.run(send_on_a_loop(2))
        os._exit(0)
    send(3)
    assert os.waitpid(child, 0)[1] == 0
    asyncio.run(send_on_a_loop(4))
