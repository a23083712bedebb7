"""What is known of a task before it is called: the same for functions and classes."""

import inspect
from collections.abc import Callable
from enum import Enum
from typing import Any

from attrs import frozen

from asynctasq.app.task_config import TaskConfig


class Mode(Enum):
    """Where a task runs."""

    LOOP = "async"
    THREAD = "thread"
    PROCESS = "process"
    PROCESS_LOOP = "async process"

    def __init__(self, words: str) -> None:
        self.is_async = words.startswith("async")
        self.in_child = words.endswith("process")

    @classmethod
    def of(cls, *, is_async: bool, process: bool) -> "Mode":
        if process:
            return cls.PROCESS_LOOP if is_async else cls.PROCESS
        return cls.LOOP if is_async else cls.THREAD


@frozen(eq=False)
class TaskDefinition:
    """`config` holds only what was given; `create` makes the object that `dispatch()` was called on."""

    name: str
    mode: Mode
    config: TaskConfig
    create: Callable[[tuple[Any, ...], dict[str, Any]], Any]  # a Sendable, which knows its definition in turn
    signature: Callable[[], inspect.Signature]
    is_class: bool = False

    def binds(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether the arguments fit the signature: if so, a TypeError came from the user's own code."""
        try:
            self.signature().bind(*args, **kwargs)
        except TypeError:
            return False
        return True

    def named(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments by name, for error messages; what lands in `*args` is named by its position."""
        fixed = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        names = [parameter.name for parameter in self.signature().parameters.values() if parameter.kind in fixed]
        names += [f"argument {index + 1}" for index in range(len(names), len(args))]
        return {**dict(zip(names, args, strict=False)), **kwargs}
