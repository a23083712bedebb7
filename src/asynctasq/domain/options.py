"""How one dispatch is to be treated: every setting of a task, checked where it is written."""

import math
import re
from collections.abc import Mapping
from typing import Any, Literal, TypeGuard, get_args

from attrs import Attribute, field, frozen

from asynctasq.domain.errors import ConfigurationError
from asynctasq.domain.retry import RetryPolicy

RetryStrategy = Literal["fixed", "exponential"]
MissingModel = Literal["dead", "none", "retry"]

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "retry_strategy": get_args(RetryStrategy),
    "on_missing_model": get_args(MissingModel),
}

QUEUE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
SHORTEST_VISIBILITY_SECONDS = 3
HIGHEST_PRIORITY = 100


def check_queue_name(name: object) -> str:
    """The name itself, or a ConfigurationError that says what a name may be."""
    if not isinstance(name, str) or not QUEUE_NAME.fullmatch(name):
        raise ConfigurationError(
            f"queue name {name!r} is not allowed: 1 to 60 letters, digits, '.', '_' or '-', the first a letter or digit"
        )
    return name


def check_option(name: str, value: object) -> object:
    """The value itself if option `name` may have it, else a ConfigurationError that names both."""
    problem = _problem(name, value)
    if problem:
        raise ConfigurationError(f"{name}={value!r}: {problem}")
    return value


def _problem(name: str, value: object) -> str | None:
    match name:
        case "queue":
            check_queue_name(value)
        case "max_attempts" if not _is_int(value) or value < 0:
            return "must be a whole number, 0 or more"
        case "priority" if not _is_int(value) or abs(value) > HIGHEST_PRIORITY:
            return f"must be a whole number from -{HIGHEST_PRIORITY} to {HIGHEST_PRIORITY}"
        case "retry_delay" if not _is_seconds(value) or value < 0:
            return "must be seconds, 0 or more"
        case "timeout" if value is not None and (not _is_seconds(value) or value <= 0):
            return "must be seconds above 0, or None for no limit"
        case "visibility_timeout" if not _is_seconds(value) or value < SHORTEST_VISIBILITY_SECONDS:
            return f"must be {SHORTEST_VISIBILITY_SECONDS} seconds or more"
        case "retry_strategy" | "on_missing_model" if value not in _CHOICES[name]:
            *choices, last = map(repr, _CHOICES[name])
            return f"must be {', '.join(choices)} or {last}"
        case "share_session" if not isinstance(value, bool):
            return "must be True or False"
        case "correlation_id" if value is not None and not isinstance(value, str):
            return "must be text"
        case _:
            pass
    return None


def _is_int(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_seconds(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _check(_: "Options", attribute: "Attribute[Any]", value: object) -> None:
    check_option(attribute.name, value)


@frozen(kw_only=True)
class Options:
    """The settings of one dispatch after all precedence is applied. Durations are seconds."""

    queue: str = field(default="default", validator=_check)
    max_attempts: int = field(default=3, validator=_check)
    retry_delay: float = field(default=60, validator=_check)
    retry_strategy: RetryStrategy = field(default="fixed", validator=_check)
    timeout: float | None = field(default=None, validator=_check)
    visibility_timeout: float = field(default=3600, validator=_check)
    priority: int = field(default=0, validator=_check)
    correlation_id: str | None = field(default=None, validator=_check)
    on_missing_model: MissingModel = field(default="dead", validator=_check)
    share_session: bool = field(default=False, validator=_check)

    def policy(self) -> RetryPolicy:
        if self.retry_strategy == "exponential":
            return RetryPolicy.exponential(self.max_attempts, delay_seconds=self.retry_delay)
        return RetryPolicy(self.max_attempts, delay_seconds=self.retry_delay)
