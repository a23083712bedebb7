"""The life of a worker process: its signals and its end."""

import asyncio
import contextlib
import contextvars
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence

from asynctasq.app.lifespan import Application
from asynctasq.cli import banner
from asynctasq.domain.errors import AsyncTasQError

log = logging.getLogger("asynctasq.worker")

CLOSE_SECONDS = 3.0
FLUSH_SECONDS = 1.0


async def serve(application: Application, queues: Sequence[str], *, burst: bool) -> None:
    """Work until a signal, or to the end of a burst, and end the process."""
    worker = application.worker(queues=queues, burst=burst, leave=leave)
    await banner.show(application, queues)

    def stop(*_: object) -> None:
        # A signal may interrupt a task, whose context is not to be taken for that of the stop.
        contextvars.Context().run(worker.stop)

    for number in (signal.SIGTERM, signal.SIGINT):
        # Not the loop's own handlers: a task that blocks the loop must not hide the signal.
        signal.signal(number, stop)
    # What is loaded by now stays, and messages leave no circles behind: the collector can look less, and less often.
    gc.freeze()
    gc.set_threshold(10_000)
    status = 0
    try:
        await worker.run()
    except Exception:  # raised further it would wait for threads that may never end
        log.exception("the worker failed")
        status = 1
    with contextlib.suppress(TimeoutError, AsyncTasQError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await application.aclose()
    leave(status)


def leave(status: int = 0) -> None:
    """End the process without joining threads, which may be stuck in a task for ever."""
    # Whoever is stuck may hold the lock of a stream, so flushing has a limit too.
    flushing = threading.Thread(target=_flush, daemon=True)
    flushing.start()
    flushing.join(FLUSH_SECONDS)
    os._exit(status)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    logging.shutdown()
