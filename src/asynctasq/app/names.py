"""How a task is called on the wire: `module:qualname`, so that another process can find it."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

LONGEST_NAME = 500

# `__mp_main__` is what `multiprocessing` calls the script in a child that it spawned.
_MAIN = frozenset({"__main__", "__mp_main__"})


def task_name(target: Callable[..., Any]) -> str:
    """The name of a function or class under which a worker can import it."""
    return f"{importable_module(target.__module__)}:{target.__qualname__}"


def split_name(name: str) -> tuple[str, str] | None:
    """Module and qualname, or None if nothing can be imported under such a name."""
    module, _, qualname = name.partition(":")
    if len(name) > LONGEST_NAME or module in _MAIN:
        return None
    parts = [*module.split("."), *qualname.split(".")]
    return (module, qualname) if all(part.isidentifier() for part in parts) else None


def why_unreachable(name: str) -> str | None:
    """Why no worker could import a task of this name, and what to do about it."""
    if split_name(name):
        return None
    module, _, qualname = name.partition(":")
    if "<" in qualname:
        return f"{name} is made inside a function, where no worker can find it: move it to module level"
    if module in _MAIN:
        return f"{name} is defined in an interactive session, which no worker can import: move it to a module"
    return f"{name} cannot be imported under this name: use a short one of letters, digits and '_'"


def importable_module(module: str) -> str:
    """Under which name other processes import a module.

    A script is `__main__` only to itself: a worker in its folder knows it by the name of its file.
    """
    if module not in _MAIN:
        return module
    main = sys.modules[module]
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name not in _MAIN:
        return spec.name
    file = getattr(main, "__file__", None)
    return Path(file).stem if file else "__main__"
