"""Where a module's file is, found out without importing anything."""

import ast
import importlib.util
import inspect
import sys
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from attrs import frozen

PACKAGE = "asynctasq"


@frozen
class Located:
    """A module found under the working directory; `path` is its file, or the folder of a namespace package."""

    path: Path
    changed_at: int

    def is_installed(self, root: Path) -> bool:
        """Whether it lies among installed packages or in a virtual environment."""
        if {"site-packages", "dist-packages"} & {*self.path.parts, *self.path.resolve().parts}:
            return True
        inside = [parent for parent in self.path.parents if parent.is_relative_to(root)]
        return any((folder / "pyvenv.cfg").exists() for folder in inside)

    def imports_this_package(self) -> bool:
        """Raises what reading and parsing the file raises."""
        if self.path.suffix != ".py":
            return False
        tree = ast.parse(self.path.read_bytes())
        return any(PACKAGE in map(top_of, _imported(node)) for node in ast.walk(tree))


def top_of(module: str) -> str:
    """The top-level package that a module belongs to."""
    return module.partition(".")[0]


def locate(module: str, root: Path) -> Located | None:
    """The module as an import would find it if `root` were the only place to look."""
    # Without this, a file that was made within the same tick as the last look into its folder stays unseen.
    importlib.invalidate_caches()
    spec = _spec(module, [str(root)])
    path = _path(spec) if spec else None
    try:
        return Located(path, path.stat().st_mtime_ns) if path else None
    except OSError:
        return None


def exists_elsewhere(module: str, root: Path) -> bool:
    """Whether the module's top-level package is part of Python or found outside of `root`."""
    top = top_of(module)
    if top in sys.stdlib_module_names or top in sys.builtin_module_names:
        return True
    elsewhere = [entry for entry in sys.path if Path(entry).absolute() != root]
    return _spec(top, elsewhere) is not None


def is_hidden(module: str, root: Path) -> bool:
    """Whether an import would give something else than what was found under `root`."""
    top = top_of(module)
    found = locate(top, root)
    try:
        spec = importlib.util.find_spec(top)
    except ValueError:
        return True
    path = _path(spec) if spec else None
    return found is None or path is None or not path.samefile(found.path)


def has_object(module: str, qualname: str) -> bool:
    """Whether an imported module has such an object; runs no code of anybody's to find out."""
    found: object = sys.modules.get(module)
    for part in qualname.split("."):
        try:
            found = inspect.getattr_static(found, part)
        except AttributeError:
            return False
    return True


def _spec(module: str, places: list[str]) -> ModuleSpec | None:
    spec = None
    # By the last part only: for a full name the machinery would want the parents to be imported.
    for part in module.split("."):
        spec = PathFinder.find_spec(part, places)
        if spec is None:
            return None
        places = list(spec.submodule_search_locations or ())
    return spec


def _path(spec: ModuleSpec) -> Path | None:
    if spec.has_location and spec.origin:
        return Path(spec.origin)
    places = list(spec.submodule_search_locations or ())
    return Path(places[0]) if places else None


def _imported(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=str(module), level=0):
            return [module]
        case _:
            return []
