"""From the name in a message to a task. Brokers are not trusted: this decides what may be imported at all."""

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from asynctasq.app.definition import TaskDefinition
from asynctasq.app.locate import Located, exists_elsewhere, has_object, is_hidden, locate, top_of
from asynctasq.app.names import split_name
from asynctasq.app.registry import Registry
from asynctasq.domain.errors import AsyncTasQError, ConfigurationError


class Forbidden(AsyncTasQError):
    """No worker that keeps to the rules will ever run this."""


class Unknown(AsyncTasQError):
    """This worker does not have it; a newer one may."""


class Importer:
    """With `apps`, these modules are imported at the start and nothing later.

    Without, a message may cause the import of a module of the user's own: found under `root`, no part of an
    installation, and importing this package.
    """

    def __init__(self, registry: Registry, *, apps: Sequence[str], root: Path) -> None:
        self._registry = registry
        self._apps = apps
        self._root = root.absolute()
        # By file: when it was last changed, and what was wrong with it then. Looking again costs the same and
        # changes nothing, and anybody can fill a queue with names.
        self._judged: dict[Path, tuple[int, Forbidden | Unknown | None]] = {}

    def load_apps(self) -> None:
        """Import the modules named at the start; a ConfigurationError says what is wrong with one."""
        for app in self._apps:
            try:
                self._import(app)
            except ModuleNotFoundError as error:
                if error.name is None or not f"{app}.".startswith(f"{error.name}."):
                    raise _broken(app, error) from error
                raise ConfigurationError(
                    f"app {app!r}: no module {error.name!r} in {self._root} or among what is installed"
                ) from error
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                raise _broken(app, error) from error

    def known(self, task_name: str) -> TaskDefinition | None:
        """The task of this name if it is here already. Imports nothing; any thread may ask."""
        return self._registry.get(task_name)

    def find(self, task_name: str) -> TaskDefinition:
        """The task of this name; raises `Forbidden` or `Unknown`."""
        definition = self._registry.get(task_name)
        if definition is not None:
            return definition
        names = split_name(task_name)
        if names is None:
            raise Forbidden(f"{task_name[:100]!r} is no name of a task")
        module, qualname = names
        if self._apps:
            raise self._beyond_apps(module, qualname)
        self._import_own(module)
        definition = self._registry.get(task_name)
        if definition is None:
            raise _missing(module, qualname)
        return definition

    def _beyond_apps(self, module: str, qualname: str) -> Forbidden | Unknown:
        if module in sys.modules and self._is_ours(module):
            return _missing(module, qualname)
        if self._is_ours(module) or not exists_elsewhere(module, self._root):
            return Unknown(f"no task {qualname!r} of module {module!r} came with the apps of this worker")
        return Forbidden(f"module {module!r} belongs to none of the apps that this worker was started with")

    def _is_ours(self, module: str) -> bool:
        return top_of(module) in map(top_of, self._apps) or locate(top_of(module), self._root) is not None

    def _import_own(self, module: str) -> None:
        if locate(top_of(module), self._root) is None:
            if exists_elsewhere(module, self._root):
                raise Forbidden(f"module {module!r} is not found under {self._root}; --app can name it")
            raise Unknown(f"there is no module {module!r} here")
        found = locate(module, self._root)
        if found is None:
            raise Unknown(f"there is no module {module!r} under {self._root}")
        problem = self._judge(module, found)
        if problem is not None:
            raise type(problem)(*problem.args)

    def _judge(self, module: str, found: Located) -> Forbidden | Unknown | None:
        changed_at, problem = self._judged.get(found.path, (None, None))
        if changed_at != found.changed_at:
            try:
                self._import_checked(module, found)
            except (Forbidden, Unknown) as error:
                problem = error
            else:
                problem = None
            self._judged[found.path] = found.changed_at, problem
        return problem

    def _import_checked(self, module: str, found: Located) -> None:
        if found.is_installed(self._root):
            raise Forbidden(f"module {module!r} belongs to an installation; --app can name it")
        try:
            imports_us = found.imports_this_package()
        except (SyntaxError, ValueError, RecursionError, OSError) as error:
            raise Unknown(f"module {module!r} cannot be read: {error}") from error
        if not imports_us:
            raise Forbidden(f"module {module!r} does not import asynctasq; --app can name it")
        self._reach_root()
        if is_hidden(module, self._root):
            raise Forbidden(f"module {module!r} is hidden by another one of the same name; --app can name it")
        try:
            self._import(module)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise Unknown(f"importing {module!r} failed: {type(error).__name__}: {error}") from error

    def _import(self, module: str) -> None:
        self._reach_root()
        known = frozenset(self._registry.names())
        try:
            importlib.import_module(module)
        except BaseException:
            # What a module defined before it failed is not to be run.
            self._registry.discard(lambda name: name not in known and name.partition(":")[0] not in sys.modules)
            raise

    def _reach_root(self) -> None:
        if str(self._root) not in sys.path:
            sys.path.insert(0, str(self._root))


def _broken(app: str, error: BaseException) -> ConfigurationError:
    return ConfigurationError(f"app {app!r} cannot be imported: {type(error).__name__}: {error}")


def _missing(module: str, qualname: str) -> Forbidden | Unknown:
    if has_object(module, qualname):
        return Forbidden(f"{qualname!r} of module {module!r} is not a task")
    return Unknown(f"module {module!r} has no {qualname!r} here")
