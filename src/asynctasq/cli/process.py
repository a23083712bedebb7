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
from collections.abc import AsyncGenerator

from asynctasq.app.health import Health, WatchedQueue
from asynctasq.app.lifespan import Application
from asynctasq.app.routes import Driver
from asynctasq.app.worker import Worker
from asynctasq.cli import banner
from asynctasq.cli.line import Line
from asynctasq.cli.order import Order
from asynctasq.cli.probes import serve_probes
from asynctasq.cli.stops import Stops
from asynctasq.domain.errors import AsyncTasQError

log = logging.getLogger("asynctasq.worker")

CLOSE_SECONDS = 3.0
FLUSH_SECONDS = 1.0


async def serve(application: Application, order: Order, line: Line | None = None) -> None:
    """Work until a signal or the supervisor's word, or to the end of a burst, and end the process."""
    async with _probed(application, order) as driver:
        worker = application.worker(queues=order.queues, driver=driver, burst=order.burst, leave=leave)
        if order.place == 0:
            await banner.show(application, order)
        stops = _heed_signals(worker)
        if line is not None:
            line.ready(stops)
        # What is loaded by now stays, and messages leave no circles behind: the collector can look less often.
        gc.freeze()
        gc.set_threshold(10_000)
        status = await _run(worker)
    with contextlib.suppress(TimeoutError, AsyncTasQError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await application.aclose()
    leave(status)


@contextlib.asynccontextmanager
async def _probed(application: Application, order: Order) -> AsyncGenerator[Driver]:
    """Answer probes, if that is wanted; which driver the worker is to use."""
    if order.health_port is None:
        yield None
        return
    health = Health(asyncio.get_running_loop(), application.settings.worker.lease_seconds)
    server = await application.broker.call(serve_probes, health, order.health_port + order.place)
    yield WatchedQueue(application.routes, None, health)
    application.broker.post(server.close)


def _heed_signals(worker: Worker) -> Stops:
    # A signal may interrupt a task, whose context is not to be taken for that of the stop.
    stops = Stops(lambda: contextvars.Context().run(worker.stop))

    def stop(*_: object) -> None:
        stops.by_signal()

    for number in (signal.SIGTERM, signal.SIGINT):
        # Not the loop's own handlers: a task that blocks the loop must not hide the signal.
        signal.signal(number, stop)
    return stops


async def _run(worker: Worker) -> int:
    try:
        await worker.run()
    except Exception:  # raised further it would wait for threads that may never end
        log.exception("the worker failed")
        return 1
    return 0


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
