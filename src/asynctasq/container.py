"""The composition root: which class stands for which part. Data only; nothing here opens or connects anything."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uuid_utils
from attrs import asdict
from dependency_injector import containers, providers

from asynctasq import plugins
from asynctasq.adapters.executors.loop import LoopExecutor
from asynctasq.adapters.executors.process import ProcessExecutor
from asynctasq.adapters.executors.thread import ThreadExecutor
from asynctasq.adapters.serializers.msgpack import MsgpackSerializer
from asynctasq.app import current, logs, registry
from asynctasq.app.broker import Broker
from asynctasq.app.codec import Codec
from asynctasq.app.definition import Mode
from asynctasq.app.dispatcher import Dispatcher
from asynctasq.app.imports import Importer
from asynctasq.app.lifespan import Application
from asynctasq.app.monitor import Monitor
from asynctasq.app.names import importable_module
from asynctasq.app.prepare import Preparer
from asynctasq.app.routes import Routes
from asynctasq.app.runner import Runner
from asynctasq.app.settings import Settings
from asynctasq.domain.errors import ConfigurationError
from asynctasq.domain.outcome import Outcome, Succeeded
from asynctasq.ports.executor import Call, Executor
from asynctasq.ports.queue import Queue


def _new_id() -> str:
    return str(uuid_utils.uuid7())


def _now() -> datetime:
    return datetime.now(UTC)


def _executors(settings: Settings, root: Path) -> Mapping[Mode, Executor]:
    """For one worker. Both kinds of process tasks share its children."""
    pool = settings.process_pool
    settle = Call(settle_in_child, (settings, root))
    processes = ProcessExecutor(pool.size, prepare=settle, max_tasks_per_child=pool.max_tasks_per_child)
    return {
        Mode.LOOP: LoopExecutor(),
        # Beside a thread that was abandoned past its timeout, the hooks of the same task need one.
        Mode.THREAD: ThreadExecutor(2 * settings.worker.concurrency),
        Mode.PROCESS: processes,
        Mode.PROCESS_LOOP: processes,
    }


def _default_driver(settings: Settings) -> str | Queue:
    """What a host overrides with a queue of its own making."""
    return settings.driver


def _queue_loader(settings: Settings) -> Callable[[str], Queue]:
    return lambda driver: plugins.load("queues", driver)(settings)


class Container(containers.DeclarativeContainer):
    """Override any provider by its name, before its first use; `application` is what a program asks for."""

    settings = providers.Singleton(Settings.load)
    tasks = providers.Object(registry.default)
    broker = providers.Singleton(Broker)
    serializer = providers.Singleton(MsgpackSerializer, main=providers.Callable(importable_module, "__main__"))
    codec = providers.Singleton(Codec, serializer)
    queue_loader = providers.Singleton(_queue_loader, settings)
    queue = providers.Callable(_default_driver, settings)
    routes = providers.Singleton(Routes, queue_loader, queue)
    task_defaults = providers.Callable(asdict, settings.provided.task_defaults)
    preparer = providers.Singleton(Preparer, codec, task_defaults, providers.Object(_new_id), providers.Object(_now))
    dispatcher = providers.Singleton(
        Dispatcher, broker, routes, preparer, timeout_seconds=settings.provided.dispatch_timeout
    )
    monitor = providers.Singleton(Monitor, broker, routes)
    root = providers.Callable(Path.cwd)
    importer = providers.Singleton(Importer, tasks, apps=settings.provided.worker.imports, root=root)
    executors = providers.Callable(_executors, settings, root)
    runner = providers.Factory(
        Runner, importer, codec, executors, skew_seconds=settings.provided.worker.version_skew_seconds
    )
    application = providers.Singleton(
        Application,
        settings=settings,
        registry=tasks,
        broker=broker,
        routes=routes,
        dispatcher=dispatcher,
        monitor=monitor,
        importer=importer,
        runner=runner.provider,
    )


def settle_in_child(given: tuple[Settings, Path]) -> Outcome:
    """Make a new child process a part of its worker: the same settings, import policy, apps and log lines."""
    settings, root = given
    application = Container(settings=providers.Object(settings), root=providers.Object(root)).application()
    current.pin(application)
    application.importer.load_apps()
    logs.configure(settings.worker)
    return Succeeded()


def build(given: Mapping[str, Any] | None = None) -> Application:
    """An application of its own, wired from what is given, the environment and `.env`."""
    settings = Settings.load(given)
    if settings.signing_key is not None:
        raise ConfigurationError("signing_key: this version cannot sign tasks yet, and will not pretend to")
    return Container(settings=providers.Object(settings)).application()
