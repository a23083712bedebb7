"""Classes as names, `module:qualname`, and back. A name that a message brings never makes code run by itself."""

import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

from attrs import field, frozen

# `__mp_main__` is what `multiprocessing` calls the script in a child that it spawned.
_MAIN = frozenset({"__main__", "__mp_main__"})


def nothing(_: str) -> bool:
    """The default policy: no message causes an import."""
    return False


@frozen(kw_only=True)
class Classes:
    """Finds classes in modules that are imported already, and imports only what `may_import` allows.

    `main` is the name by which other processes can import the module that runs here as `__main__`.
    """

    may_import: Callable[[str], bool] = field(default=nothing)
    main: str | None = None

    def name(self, cls: type[Any]) -> str:
        """A name under which this very class is found again, else a `TypeError` that says what is wrong."""
        module, qualname = cls.__module__, cls.__qualname__
        if _inside(sys.modules.get(module), qualname) is not cls:
            raise TypeError(f"{qualname} is not found as {module}.{qualname}, define it at module level")
        return f"{self.main if self.main and module in _MAIN else module}:{qualname}"

    def find(self, name: str) -> type:
        module_name, _, qualname = name.partition(":")
        module = self._imported(module_name) or self._import(module_name)
        found = _inside(module, qualname)
        if found is None:
            raise LookupError(f"{module_name} has no {qualname}")
        if not isinstance(found, type):
            raise ValueError(f"{name} is no class")  # noqa: TRY004 - the bytes are wrong, not the caller's type
        return found

    def _imported(self, module: str) -> ModuleType | None:
        # A second copy of the running script would have classes of its own.
        return sys.modules.get("__main__" if module == self.main else module)

    def _import(self, module: str) -> ModuleType:
        if not self.may_import(module):
            raise LookupError(f"module {module} is not imported here")
        try:
            return import_module(module)
        except Exception as error:  # what cannot be imported is not there, whatever it raised
            raise LookupError(f"module {module} cannot be imported: {error!r}") from error


def _inside(module: ModuleType | None, qualname: str) -> Any:
    # By the dictionaries: getattr would run a module's `__getattr__` or a descriptor for a name in a message.
    found: Any = module
    for part in qualname.split("."):
        if not isinstance(found, (ModuleType, type)):
            return None
        found = vars(found).get(part)
    return found
