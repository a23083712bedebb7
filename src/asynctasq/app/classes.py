"""Tasks as classes: what is common to the four bases, and how a class becomes a definition."""

import functools
import inspect
from abc import abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Generic, Self, TypeVar

from asynctasq.app import registry
from asynctasq.app.definition import Mode, TaskDefinition
from asynctasq.app.names import task_name
from asynctasq.app.sendable import Sendable, note_attributes, set_up
from asynctasq.app.task_config import TaskConfig, checked_config
from asynctasq.domain.errors import ConfigurationError

__all__ = ["AsyncProcessTask", "AsyncTask", "SyncProcessTask", "SyncTask", "TaskConfig"]

T = TypeVar("T")

RESERVED = frozenset(
    {
        "config",
        "delay",
        "dispatch",
        "dispatch_sync",
        "execute",
        "failed",
        "max_attempts",
        "on_queue",
        "options",
        "retry_after",
        "run",
        "should_retry",
        "timeout",
        "visibility_timeout",
    }
)
"""Names that no parameter may have, because a task has them itself; `run` is kept free for it."""


class ClassTask(Sendable):
    """Keeps the arguments of the original call: a worker makes the same call again."""

    _asynctasq_mode: ClassVar[Mode]
    _asynctasq_definition: ClassVar[TaskDefinition | None] = None

    def __init_subclass__(cls, *, mode: Mode | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if mode is not None:
            cls._asynctasq_mode = mode
            return
        if "__init__" in vars(cls):
            _check_parameters(cls)
            cls.__init__ = _noting_attributes(cls.__init__)
        cls._asynctasq_definition = _define(cls, cls._asynctasq_mode)

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if cls._asynctasq_definition is None:
            raise TypeError(f"{cls.__qualname__} cannot be instantiated: it has no execute() method")
        self = super().__new__(cls)
        # Here and not in `__init__`: a subclass may call that late, with other arguments, or not at all.
        set_up(self, cls._asynctasq_definition, args, kwargs)
        return self

    def __init__(self, **kwargs: Any) -> None:
        for name, value in kwargs.items():
            _check_parameter(name)
            setattr(self, name, value)
        note_attributes(self)


class AsyncTask(ClassTask, Generic[T], mode=Mode.LOOP):
    """Runs on the worker's event loop: for everything that mostly awaits."""

    @abstractmethod
    async def execute(self) -> T:
        """Do the work. `Snooze`, `RetryIn` and `Reject` raised here say what happens next."""
        raise NotImplementedError

    def should_retry(self, exception: Exception) -> bool | Awaitable[bool]:  # noqa: ARG002 - for subclasses
        """Whether another attempt makes sense after this exception."""
        return True

    async def failed(self, exception: Exception) -> None:
        """Called once no attempt is left, or none makes sense."""


class SyncTask(ClassTask, Generic[T], mode=Mode.THREAD):
    """Runs in a thread of the worker: for code that blocks."""

    @abstractmethod
    def execute(self) -> T:
        """Do the work. `Snooze`, `RetryIn` and `Reject` raised here say what happens next."""
        raise NotImplementedError

    def should_retry(self, exception: Exception) -> bool | Awaitable[bool]:  # noqa: ARG002 - for subclasses
        """Whether another attempt makes sense after this exception."""
        return True

    def failed(self, exception: Exception) -> Awaitable[None] | None:
        """Called once no attempt is left, or none makes sense."""


class AsyncProcessTask(AsyncTask[T], mode=Mode.PROCESS_LOOP):
    """Runs on an event loop in a child process: for work that computes and awaits."""


class SyncProcessTask(SyncTask[T], mode=Mode.PROCESS):
    """Runs in a child process: for work that computes."""


def _check_parameter(name: str) -> None:
    if name in RESERVED:
        raise ConfigurationError(f"Parameter name {name!r} is reserved: every task has a {name!r} of its own")
    if name.startswith("_"):
        raise ConfigurationError(f"Parameter name {name!r} is reserved: names with a leading underscore are internal")


def _check_parameters(cls: type[ClassTask]) -> None:
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    for parameter in _signature(cls).parameters.values():
        if parameter.kind not in variadic:
            _check_parameter(parameter.name)


def _signature(cls: type[ClassTask]) -> inspect.Signature:
    """How the class is called: as its `__init__`, which a class decorator may have written, without `self`."""
    signature = inspect.signature(cls.__init__)
    return signature.replace(parameters=list(signature.parameters.values())[1:])


def _noting_attributes(init: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(init)
    def noting(self: ClassTask, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        note_attributes(self)

    return noting


def _define(cls: type[ClassTask], mode: Mode) -> TaskDefinition | None:
    """Check and register a class; None if it is only there to be derived from."""
    name = task_name(cls)
    config = _merged_config(cls, name)
    if getattr(cls.execute, "__isabstractmethod__", False):
        return None
    if inspect.iscoroutinefunction(cls.execute) is not mode.is_async:
        kind, other = ("async def", "SyncTask") if mode.is_async else ("def", "AsyncTask")
        raise ConfigurationError(f"{name}: execute must be written with `{kind}` here; derive from {other} instead?")
    definition = TaskDefinition(
        name, mode, config, lambda args, kwargs: cls(*args, **kwargs), lambda: _signature(cls), is_class=True
    )
    registry.default.add(definition)
    return definition


def _merged_config(cls: type[ClassTask], name: str) -> TaskConfig:
    merged: TaskConfig = {}
    for ancestor in reversed(cls.__mro__):
        merged.update(checked_config(vars(ancestor).get("config", {}), name))
    return merged
