"""The composition root: which class stands for which part. Data only; nothing here opens or connects anything."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from attrs import asdict
from dependency_injector import containers, providers

from asynctasq import plugins
from asynctasq.adapters.executors.loop import LoopExecutor
from asynctasq.adapters.executors.process import ProcessExecutor
from asynctasq.adapters.executors.thread import ThreadExecutor
from asynctasq.adapters.models.django.loader import DjangoModels
from asynctasq.adapters.models.sqlalchemy.loader import SqlalchemyModels
from asynctasq.adapters.models.tortoise.loader import TortoiseModels
from asynctasq.adapters.serializers.classes import Classes
from asynctasq.adapters.serializers.msgpack import MsgpackSerializer
from asynctasq.app import current, logs, registry
from asynctasq.app.broker import Broker
from asynctasq.app.codec import Codec
from asynctasq.app.definition import Mode
from asynctasq.app.dispatcher import Dispatcher
from asynctasq.app.events import Events
from asynctasq.app.history import HistorySink
from asynctasq.app.ids import new_id
from asynctasq.app.imports import Importer
from asynctasq.app.lifespan import Application
from asynctasq.app.monitor import Monitor
from asynctasq.app.names import importable_module
from asynctasq.app.prepare import Preparer
from asynctasq.app.references import Models
from asynctasq.app.routes import Routes
from asynctasq.app.runner import Runner
from asynctasq.app.settings import Settings
from asynctasq.app.signing import Signer, Verify, signer_of
from asynctasq.domain.errors import ConfigurationError
from asynctasq.domain.outcome import Outcome, Succeeded
from asynctasq.ports.events import EventSink
from asynctasq.ports.executor import Call, Executor
from asynctasq.ports.history import History
from asynctasq.ports.queue import Queue


def _executors(settings: Settings, root: Path) -> Mapping[Mode, Executor]:
    """For one worker. Both kinds of process tasks share its children."""
    pool = settings.process_pool
    settle = Call(settle_in_child, (settings, root))
    processes = ProcessExecutor(
        pool.size, prepare=settle, max_tasks_per_child=pool.max_tasks_per_child, max_rss_mb=pool.max_rss_mb
    )
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


def _event_sinks(settings: Settings) -> list[EventSink]:
    """What a host overrides with sinks of its own."""
    events = settings.events
    names = ["log"] if events.enable_all else []
    # Everywhere means where it is possible without another word: a server that nobody runs is no sink.
    redis_is_meant = events.redis_url is not None or settings.driver == "redis"
    if events.enable_event_emitter_redis or (events.enable_all and redis_is_meant):
        names.append("redis")
    return [plugins.load("event_sinks", name)(settings) for name in names]


def _history(settings: Settings) -> History | None:
    if not settings.repository.keep_completed_tasks:
        return None
    able = plugins.known("histories")
    if settings.driver not in able:
        raise ConfigurationError(
            f"repository.keep_completed_tasks: driver {settings.driver!r} has no history; those that have: "
            f"{', '.join(able)}. Listen to events instead"
        )
    return plugins.load("histories", settings.driver)(settings)


def _verify(signer: Signer | None) -> Verify | None:
    return signer.verify if signer else None


def _events(broker: Broker, sinks: list[EventSink], history: History | None) -> Events:
    return Events(broker, [*sinks, HistorySink(history)] if history else sinks)


class Container(containers.DeclarativeContainer):
    """Override any provider by its name, before its first use; `application` is what a program asks for."""

    settings = providers.Singleton(Settings.load)
    tasks = providers.Object(registry.default)
    broker = providers.Singleton(Broker)
    main_module = providers.Callable(importable_module, "__main__")
    serializer = providers.Singleton(MsgpackSerializer, main=main_module)
    classes = providers.Singleton(Classes, main=main_module)
    model_loaders = providers.List(
        providers.Singleton(SqlalchemyModels, classes),
        providers.Singleton(DjangoModels, classes),
        providers.Singleton(TortoiseModels, classes, providers.Object(current.tortoise_config)),
    )
    models = providers.Singleton(Models, model_loaders)
    codec = providers.Singleton(Codec, serializer, models.provided.refer)
    queue_loader = providers.Singleton(_queue_loader, settings)
    queue = providers.Callable(_default_driver, settings)
    routes = providers.Singleton(Routes, queue_loader, queue)
    task_defaults = providers.Callable(asdict, settings.provided.task_defaults)
    signer = providers.Singleton(signer_of, settings.provided.signing_key)
    preparer = providers.Singleton(Preparer, codec, task_defaults, providers.Object(new_id), signer=signer)
    event_sinks = providers.Callable(_event_sinks, settings)
    history = providers.Singleton(_history, settings)
    events = providers.Singleton(_events, broker, event_sinks, history)
    dispatcher = providers.Singleton(
        Dispatcher, broker, routes, preparer, events, timeout_seconds=settings.provided.dispatch_timeout
    )
    monitor = providers.Singleton(Monitor, broker, routes, history)
    root = providers.Callable(Path.cwd)
    importer = providers.Singleton(Importer, tasks, apps=settings.provided.worker.imports, root=root)
    executors = providers.Callable(_executors, settings, root)
    runner = providers.Factory(
        Runner,
        importer,
        codec,
        executors,
        models,
        skew_seconds=settings.provided.worker.version_skew_seconds,
        verify=providers.Callable(_verify, signer),
    )
    application = providers.Singleton(
        Application,
        settings=settings,
        registry=tasks,
        broker=broker,
        routes=routes,
        events=events,
        dispatcher=dispatcher,
        monitor=monitor,
        importer=importer,
        runner=runner.provider,
    )


def settle_in_child(given: tuple[Settings, Path]) -> Outcome:
    """Make a new child process a part of its worker: the same settings, import policy, apps and log lines."""
    settings, root = given
    container = Container(settings=providers.Object(settings), root=providers.Object(root))
    application = container.application()
    current.pin(application)
    application.importer.load_apps()
    logs.configure(settings.worker)
    container.models().enter_child()
    return Succeeded()


def build(given: Mapping[str, Any] | None = None) -> Application:
    """An application of its own, wired from what is given, the environment and `.env`."""
    return Container(settings=providers.Object(Settings.load(given))).application()
