"""The broker thread: the one loop of a process that owns every client.

User code never runs here, so a blocked task loop stops neither a renewal nor a heartbeat, and no adapter has to
think about threads or about loops that come and go.
"""

import asyncio
import os
import signal
import threading
import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, ParamSpec, TypeVar

from asynctasq.app.loops import new_event_loop

P = ParamSpec("P")
T = TypeVar("T")

JOIN_SECONDS = 2.0


class Broker:
    """Hands work over to its thread, which is started at first use and again after a fork."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        _alive.add(self)

    async def call(self, function: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Await a coroutine function on the broker's loop, from any loop. Cancelling cancels it there."""
        return await asyncio.wrap_future(self.submit(function, *args, **kwargs))

    def submit(self, function: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """The same from a thread without a loop: `.result()` waits."""
        return asyncio.run_coroutine_threadsafe(function(*args, **kwargs), self.loop)

    def post(self, function: Callable[..., object], *args: object) -> None:
        """Run a plain function on the broker's loop soon; one wake-up, no answer."""
        self.loop.call_soon_threadsafe(function, *args)

    @property
    def started(self) -> bool:
        return self._loop is not None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        loop = self._loop
        return self._start() if loop is None else loop

    def close(self) -> None:
        """End the thread. Whoever owns something on its loop has closed it before; what is left is cancelled."""
        loop, thread = self._loop, self._thread
        self.forget()
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(JOIN_SECONDS)

    def forget(self) -> None:
        """In a forked child the thread and its loop belong to the parent."""
        self._starting = threading.Lock()
        self._loop = self._thread = None

    def _start(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                loop = new_event_loop()
                # A daemon, because a program that forgot to close must still be able to end.
                self._thread = threading.Thread(target=_serve, args=(loop,), name="asynctasq-broker", daemon=True)
                self._thread.start()
                self._loop = loop
            return self._loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    if hasattr(signal, "pthread_sigmask"):
        # A signal that lands here does not interrupt what blocks the main thread, and so is not heard.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.run_until_complete(_end_the_rest())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _end_the_rest() -> None:
    """Such as what renews the lease of a thread that could not be stopped: its worker has left that open."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


_alive: "weakref.WeakSet[Broker]" = weakref.WeakSet()


def _forget_all() -> None:
    for broker in tuple(_alive):
        broker.forget()


if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(after_in_child=_forget_all)
