"""What a task may say of its own dispatches: the keys of `config` and the arguments of `@task(...)`."""

from collections.abc import Mapping
from typing import TypedDict, cast

from asynctasq.app.routes import Driver
from asynctasq.domain.errors import ConfigurationError
from asynctasq.domain.options import MissingModel, RetryStrategy, check_option
from asynctasq.ports.queue import Queue


class TaskConfig(TypedDict, total=False):
    """Durations are seconds. What is left out comes from the `task_defaults` settings."""

    queue: str
    max_attempts: int
    retry_delay: float
    retry_strategy: RetryStrategy
    timeout: float | None
    visibility_timeout: float
    priority: int
    correlation_id: str | None
    driver: Driver
    on_missing_model: MissingModel
    share_session: bool


KEYS = tuple(TaskConfig.__annotations__)


def checked_config(config: object, owner: str) -> TaskConfig:
    """A copy of `config`, or a ConfigurationError that names the owner, the key and what is wrong with it."""
    if not isinstance(config, Mapping):
        raise ConfigurationError(f"{owner}: config must be a dict, not {config!r}")
    given = dict(cast("Mapping[str, object]", config))
    try:
        for name, value in given.items():
            _check(name, value)
    except ConfigurationError as error:
        raise ConfigurationError(f"{owner}: {error}") from None
    return cast("TaskConfig", given)  # every key and value has just been looked at


def _check(name: str, value: object) -> None:
    if name not in KEYS:
        raise ConfigurationError(f"unknown setting {name!r}; there are {', '.join(KEYS)}")
    if name != "driver":
        check_option(name, value)
    elif not isinstance(value, (str, Queue, type(None))):
        raise ConfigurationError(f"driver={value!r}: must be the name of a driver or a driver itself")
