"""One wired application: what is there from its first use to its close."""

from collections.abc import Callable, Sequence
from typing import Self

from attrs import define

from asynctasq.app.broker import Broker
from asynctasq.app.dispatcher import Dispatcher
from asynctasq.app.events import Events
from asynctasq.app.imports import Importer
from asynctasq.app.journal import Journal
from asynctasq.app.monitor import Monitor
from asynctasq.app.options import WorkerOptions
from asynctasq.app.registry import Registry
from asynctasq.app.routes import Driver, Routes
from asynctasq.app.runner import Runner
from asynctasq.app.settings import Settings
from asynctasq.app.task_events import TaskEvents
from asynctasq.app.worker import Worker

CLOSE_SECONDS = 5.0


@define(eq=False, kw_only=True)
class Application:
    """Nothing connects before its first use. Two of them side by side share nothing but the tasks they know."""

    settings: Settings
    registry: Registry
    broker: Broker
    routes: Routes
    events: Events
    dispatcher: Dispatcher
    monitor: Monitor
    importer: Importer
    runner: Callable[[], Runner]

    def worker(
        self,
        *,
        queues: Sequence[str] = (),
        driver: Driver = None,
        burst: bool = False,
        leave: Callable[[], None] | None = None,
    ) -> Worker:
        """A worker with the `worker` settings; see `WorkerOptions` and `Worker` for the arguments."""
        settings = self.settings.worker
        options = WorkerOptions(
            queues=tuple(queues),
            driver=driver,
            burst=burst,
            concurrency=settings.concurrency,
            child_count=self.settings.process_pool.size,
            lease_seconds=settings.lease_seconds,
            shutdown_timeout=settings.shutdown_timeout,
        )
        return Worker(
            self.broker,
            self.routes,
            self.runner(),
            options,
            known_queues=self.known_queues,
            leave=leave,
            journal=Journal(TaskEvents(self.events, options.name) if self.events.on else None),
        )

    def known_queues(self) -> list[str]:
        """The default queue, then those that tasks name for themselves."""
        return list(dict.fromkeys([self.settings.task_defaults.queue, *self.registry.queues()]))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection and end the broker thread."""
        if self.broker.started:
            await self.broker.call(self._let_go)
            self.broker.close()

    def close(self) -> None:
        """`aclose` for code without an event loop."""
        if self.broker.started:
            self.broker.submit(self._let_go).result(timeout=CLOSE_SECONDS)
            self.broker.close()

    async def _let_go(self) -> None:
        await self.events.close()
        await self.routes.close()
