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
from asynctasq.adapters.executors.thread import ThreadExecutor
from asynctasq.adapters.serializers.msgpack import MsgpackSerializer
from asynctasq.app import registry
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
from asynctasq.ports.queue import Queue


def _new_id() -> str:
    return str(uuid_utils.uuid7())


def _now() -> datetime:
    return datetime.now(UTC)


def _thread_count(concurrency: int) -> int:
    """Beside a thread that was abandoned past its timeout, the hooks of the same task need one."""
    return 2 * concurrency


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
    importer = providers.Singleton(
        Importer, tasks, apps=settings.provided.worker.imports, root=providers.Callable(Path.cwd)
    )
    executors = providers.Dict(
        {
            Mode.LOOP: providers.Factory(LoopExecutor),
            Mode.THREAD: providers.Factory(
                ThreadExecutor, providers.Callable(_thread_count, settings.provided.worker.concurrency)
            ),
        }
    )
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


def build(given: Mapping[str, Any] | None = None) -> Application:
    """An application of its own, wired from what is given, the environment and `.env`."""
    settings = Settings.load(given)
    if settings.signing_key is not None:
        raise ConfigurationError("signing_key: this version cannot sign tasks yet, and will not pretend to")
    return Container(settings=providers.Object(settings)).application()
