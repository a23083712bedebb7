"""Event loops: uvloop where it can be imported, asyncio elsewhere."""

import asyncio
import importlib.util
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A new loop of the best kind there is. A broken uvloop passes its own error through."""
    if importlib.util.find_spec("uvloop") is None:
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()


def start_soon(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, object]) -> asyncio.Task[object]:
    """A task that has begun by now where Python can do that, and begins with the next turn of the loop elsewhere."""
    if sys.version_info >= (3, 12):  # most tasks of a worker never wait, and then the loop has nothing to do with them
        return asyncio.Task(work, loop=loop, eager_start=True)
    return loop.create_task(work)


def run(main: Coroutine[Any, Any, T], *, debug: bool | None = None) -> T:
    """Run a program's main coroutine to its end, as `asyncio.run` does, on the best loop there is."""
    with asyncio.Runner(debug=debug, loop_factory=new_event_loop) as runner:
        return runner.run(main)
