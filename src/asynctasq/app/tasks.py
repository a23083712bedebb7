"""Tasks as functions: `@task` and what calling a decorated function gives."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar, Unpack, cast, overload

from asynctasq.app import registry
from asynctasq.app.definition import Mode, TaskDefinition
from asynctasq.app.names import task_name
from asynctasq.app.sendable import Sendable, set_up
from asynctasq.app.task_config import TaskConfig, checked_config
from asynctasq.domain.errors import ConfigurationError

P = ParamSpec("P")
R = TypeVar("R")


class TaskSettings(TaskConfig, total=False):
    """The arguments of `@task(...)`; `process` runs the task in a child process."""

    process: bool


class FunctionCall(Sendable, Generic[R]):
    """A call of a task function that has not been made yet."""

    def __init__(self, function: Callable[..., R], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._function = function
        self._args = args
        self._kwargs = kwargs

    def execute(self) -> R:
        """Call the function here and now, as a worker would."""
        return self._function(*self._args, **self._kwargs)


class FunctionTask(Generic[P, R]):
    """A function that is a task: calling it gives a `FunctionCall` to dispatch."""

    __wrapped__: Callable[P, R]

    def __init__(self, function: Callable[P, R], settings: TaskSettings) -> None:
        functools.update_wrapper(self, function)
        self._signature = inspect.signature(function)
        self._fitting_counts = _fitting_counts(self._signature)
        self.definition = self._define(function, settings)
        registry.default.add(self.definition)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> FunctionCall[R]:
        if kwargs or len(args) not in self._fitting_counts:  # to bind takes as long as the rest of a call together
            try:
                self._signature.bind(*args, **kwargs)
            except TypeError as error:
                raise TypeError(f"{self.definition.name}: {error}") from None
        call = FunctionCall(self.__wrapped__, args, kwargs)
        set_up(call, self.definition, args, kwargs)
        return call

    def __repr__(self) -> str:
        return f"<task {self.definition.name}>"

    def _define(self, function: Callable[P, R], settings: TaskSettings) -> TaskDefinition:
        name = task_name(function)
        config = dict(settings)
        process = config.pop("process", False)
        if not isinstance(process, bool):
            raise ConfigurationError(f"{name}: process={process!r}: must be True or False")
        return TaskDefinition(
            name,
            Mode.of(is_async=inspect.iscoroutinefunction(function), process=process),
            checked_config(config, name),
            # A worker sends nothing, and the function never sees its call: so it needs no state for that.
            lambda args, kwargs: FunctionCall(function, args, kwargs),
            lambda: self._signature,
        )


@overload
def task(function: Callable[P, R], /) -> FunctionTask[P, R]: ...
@overload
def task(**settings: Unpack[TaskSettings]) -> Callable[[Callable[P, R]], FunctionTask[P, R]]: ...
def task(
    function: Callable[P, R] | None = None, /, **settings: Unpack[TaskSettings]
) -> FunctionTask[P, R] | Callable[[Callable[P, R]], FunctionTask[P, R]]:
    """Make a task of a function: `@task`, or `@task(queue="emails", max_attempts=5)`.

    An `async def` runs on the worker's loop, a plain function in a thread, either in a child process with
    `process=True`. What is not given comes from the `task_defaults` settings.
    """
    if function is not None:
        return _made(function, settings)
    return lambda function: _made(function, settings)


def _fitting_counts(signature: inspect.Signature) -> range:
    """How many positional arguments alone are a call, as far as their number can tell."""
    fixed = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = signature.parameters.values()
    if any(parameter.kind not in fixed for parameter in parameters):
        return range(0)
    needed_count = sum(parameter.default is inspect.Parameter.empty for parameter in parameters)
    return range(needed_count, len(parameters) + 1)


def _made(function: Callable[P, R], settings: TaskSettings) -> FunctionTask[P, R]:
    if not inspect.isfunction(function):
        raise ConfigurationError(f"@task is for functions, not for {function!r}")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise ConfigurationError(f"{task_name(function)} yields: a task has to run to its end by itself")
    return FunctionTask(cast("Callable[P, R]", function), settings)  # isfunction() has narrowed it too far
