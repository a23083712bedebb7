"""What `--app MODULE[:CONTAINER]` names, and the application that a worker runs."""

import sys
from collections.abc import Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

from attrs import asdict

from asynctasq.app import current, registry
from asynctasq.app.imports import Importer
from asynctasq.app.lifespan import Application
from asynctasq.app.settings import Settings
from asynctasq.container import build
from asynctasq.domain.errors import ConfigurationError


def load(flags: Mapping[str, Any], apps: Sequence[str]) -> Application:
    """Import the apps, whose `init()` calls count as settings below the flags, and wire the one application."""
    given = _merged({}, flags)
    names = [name.strip() for each in apps for name in each.split(",") if name.strip()]
    if names:
        given.setdefault("worker", {})["imports"] = [name.partition(":")[0] for name in names]
    imports = Settings.load(given).worker.imports
    Importer(registry.default, apps=imports, root=Path.cwd()).load_apps()
    containers = [name for name in names if ":" in name]
    if len(containers) > 1:
        raise ConfigurationError(f"--app names more than one container: {', '.join(containers)}")
    application = _contained(containers[0], given) if containers else build(_merged(current.given(), given))
    current.pin(application)
    return application


def _contained(name: str, given: Mapping[str, Any]) -> Application:
    """The application of a container, ours or one mounted in another: its own settings, then the flags."""
    module, _, path = name.partition(":")
    try:
        container = attrgetter(path)(sys.modules[module])
        settings, application = container.settings, container.application
    except AttributeError as error:
        raise ConfigurationError(f"--app {name}: {error}; it must name a container with an application") from error
    settings.override(Settings.load(_merged(asdict(settings()), given)))
    return application()


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        merged[key] = {**merged.get(key, {}), **value} if isinstance(value, Mapping) else value
    return merged
