"""What `doctor` looks at. Each check says that all is well, or what is wrong and what to do."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from asynctasq import plugins
from asynctasq.app.lifespan import Application
from asynctasq.app.settings import Settings
from asynctasq.app.signing import keys_of
from asynctasq.cli import apps
from asynctasq.cli.session import refuse_memory
from asynctasq.container import build
from asynctasq.domain.errors import AsyncTasQError, ConfigurationError
from asynctasq.ports.schema import Schema

PATIENCE_SECONDS = 15.0
SHORTEST_KEY = 32


@frozen
class Finding:
    check: str
    good: bool
    text: str


async def examine(given: Mapping[str, Any], app_names: Sequence[str]) -> list[Finding]:
    """Everything that can be looked at; what a failed check makes pointless is left out."""
    try:
        settings = Settings.load(given)
        tasks, application = _tasks(given, app_names)
    except ConfigurationError as error:
        return [Finding("settings", good=False, text=str(error))]
    # Apps may have said more in their `init()`.
    settings = application.settings
    try:
        return [*_settings(settings), tasks, *await _queue(application), *await _schema(settings)]
    finally:
        await application.aclose()


def _settings(settings: Settings) -> Iterator[Finding]:
    weak = [len(key) for key in keys_of(settings.signing_key) if len(key) < SHORTEST_KEY]
    if weak:
        text = f"signing_key: {min(weak)} characters can be guessed; take {SHORTEST_KEY} or more at random"
        yield Finding("settings", good=False, text=text)
    else:
        yield Finding("settings", good=True, text=f"driver {settings.driver}")


def _tasks(given: Mapping[str, Any], app_names: Sequence[str]) -> tuple[Finding, Application]:
    try:
        application = apps.load(given, app_names)
    except ConfigurationError as error:
        return Finding("tasks", good=False, text=str(error)), build(given)
    imports = application.settings.worker.imports
    if not imports:
        return Finding("tasks", good=True, text="not looked at: --app names the modules that define them"), application
    count = len(application.registry.names())
    where = ", ".join(imports)
    text = f"{count} in {where}" if count else f"{where}: nothing there is a task; name the modules that define them"
    return Finding("tasks", good=count > 0, text=text), application


async def _queue(application: Application) -> list[Finding]:
    try:
        refuse_memory(application.settings)
        async with asyncio.timeout(PATIENCE_SECONDS):
            place = await application.monitor.describe()
            await application.monitor.ping()
            risks = await application.monitor.durability()
    except AsyncTasQError as error:
        return [Finding("connection", good=False, text=str(error))]
    except TimeoutError:
        return [Finding("connection", good=False, text=f"no answer in {PATIENCE_SECONDS:g} s")]
    durability = [Finding("durability", good=False, text=risk) for risk in risks]
    return [Finding("connection", good=True, text=place), *durability]


async def _schema(settings: Settings) -> list[Finding]:
    if settings.driver not in plugins.known("schemas"):
        return []
    try:
        schema: Schema = plugins.load("schemas", settings.driver)(settings)
        async with asyncio.timeout(PATIENCE_SECONDS):
            statements = await schema.pending()
    except (AsyncTasQError, TimeoutError) as error:
        return [Finding("schema", good=False, text=str(error) or f"no answer in {PATIENCE_SECONDS:g} s")]
    if statements:
        text = f"{len(statements)} statements have not been run yet: `asynctasq migrate` runs them"
        return [Finding("schema", good=False, text=text)]
    return [Finding("schema", good=True, text="up to date")]
