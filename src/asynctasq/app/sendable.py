"""A task with its arguments: what classes are instantiated to and decorated functions are called to."""

import math
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Self, TypedDict, TypeVar, Unpack

from asynctasq.app import current
from asynctasq.app.definition import TaskDefinition
from asynctasq.app.headers import config_of
from asynctasq.app.ids import made_at
from asynctasq.app.outbox import Waiting, leaves_unsure
from asynctasq.app.task_config import TaskConfig
from asynctasq.domain.errors import ConfigurationError
from asynctasq.domain.message import Message
from asynctasq.domain.options import MissingModel, RetryStrategy, check_option


class DispatchOptions(TypedDict, total=False):
    """What `options(...)` can set for one dispatch."""

    connection: object
    """A connection of the user's, in whose open transaction the task is dispatched."""
    correlation_id: str | None
    priority: int
    retry_strategy: RetryStrategy
    on_missing_model: MissingModel
    share_session: bool


class Sending:
    """What a task keeps for its way to a worker; all the rest of the object belongs to its user.

    `chain` holds what chain methods set, `attributes` the public attributes at the end of construction.
    `connection` is the user's, if the dispatch is to be a part of its transaction.
    `answer` is what the last dispatch waits for, and here because that does not keep the task (ADR-0036).
    """

    # By hand: most dispatches set nothing of this, and a generated __init__ would set it all.
    delay_seconds: float = 0.0
    connection: object = None
    attributes: dict[str, Any] | None = None
    answer: Waiting | None = None

    def __init__(self, definition: TaskDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.definition = definition
        self.args = args
        self.kwargs = kwargs
        self.chain: dict[str, object] = {}

    def __getstate__(self) -> dict[str, Any]:
        """What a copy gets: it is a task of its own, and nothing waits for it."""
        return {**vars(self), "answer": None}


S = TypeVar("S", bound="Sendable")

_set = object.__setattr__
"""Whatever a class of the user's makes of setting an attribute."""


class Sendable:
    """Chain methods set what applies to dispatches of this object, above all else, and return it."""

    config: TaskConfig
    _asynctasq: Sending
    _task_id: str | None = None
    _current_attempt: int = 0

    @property
    def _dispatched_at(self) -> datetime | None:
        """When it was sent, aware and in UTC. Its id says so (ADR-0030)."""
        return None if self._task_id is None else made_at(self._task_id)

    def execute(self) -> Any:
        """Do the work. A coroutine function in tasks that run on a loop, a plain one in all others."""
        raise NotImplementedError

    def should_retry(self, exception: Any) -> Any:  # noqa: ARG002 - for those who override it
        """Whether another attempt makes sense after this exception; may be a coroutine function."""
        return True

    def failed(self, exception: Any) -> Any:
        """Called once no attempt is left, or none makes sense; may be a coroutine function."""

    def on_queue(self, queue: str) -> Self:
        return _chained(self, queue=queue)

    def delay(self, seconds: float | timedelta) -> Self:
        """Run no sooner than this long after the dispatch: seconds or a timedelta, more than 0."""
        self._asynctasq.delay_seconds = _length(seconds)
        return self

    def retry_after(self, seconds: float) -> Self:
        """Wait this long between attempts."""
        return _chained(self, retry_delay=seconds)

    def max_attempts(self, attempts: int) -> Self:
        """Run at most this often, the first time included; 0 means 1."""
        return _chained(self, max_attempts=attempts)

    def timeout(self, seconds: float | None) -> Self:
        """End an attempt that runs longer than this; None lets it run."""
        return _chained(self, timeout=seconds)

    def visibility_timeout(self, seconds: float) -> Self:
        """Let another worker have the task at the latest this long after its worker died."""
        return _chained(self, visibility_timeout=seconds)

    def options(self, **settings: Unpack[DispatchOptions]) -> Self:
        """Set one of `DispatchOptions` for this dispatch."""
        for name in settings:
            if name not in DispatchOptions.__annotations__:
                raise TypeError(f"options() got an unexpected keyword argument {name!r}")
        if "connection" in settings:
            self._asynctasq.connection = settings.pop("connection")
        return _chained(self, **settings)

    def dispatch(self) -> Coroutine[Any, Any, str]:
        """Hand the task to its queue and return its id once the queue has it.

        Raises `NotSendable` before anything is sent, `Refused` if the queue would not have it, and `Unavailable`
        if no answer came: then it may or may not be queued, and dispatching this object again sends the same id.
        """
        # Handed on and not awaited here: a coroutine less for each dispatch that waits.
        return current.application().dispatcher.dispatch(self)

    def dispatch_sync(self) -> str:
        """The same for code that runs on no event loop."""
        return current.application().dispatcher.dispatch_sync(self)


def set_up(task: Sendable, definition: TaskDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Give a new object its state: methods for this would take names from its user."""
    _set(task, "_asynctasq", Sending(definition, args, kwargs))
    _set(task, "config", definition.config.copy())


def sending(task: Sendable) -> Sending:
    """What a task keeps for its way; the one way in for everybody else, because its public names are its user's."""
    return task._asynctasq  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def id_to_send(task: Sendable, new_id: Callable[[], str]) -> str:
    """A new one, which the task knows from now on; the last one again if the queue may have that message already."""
    state = sending(task)
    id = task._task_id  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    if id is not None and state.answer is not None and leaves_unsure(state.answer):
        state.answer = None
        return id
    id = new_id()
    _set(task, "_task_id", id)
    return id


def begin(task: Sendable, message: Message, attempt: int) -> None:
    """Make a task that a worker has just created know which message it is and how it was sent."""
    vars(task).update(_task_id=message.id, _current_attempt=attempt)
    task.config.update(config_of(message))


def note_attributes(task: Sendable) -> None:
    """Construction has come to its end, or to that of one of its `__init__` methods: the last one counts."""
    sending(task).attributes = _public_attributes(task)


def attributes_set_later(task: Sendable) -> list[str]:
    """The public attributes that were set or rebound since the task was constructed, and would not arrive."""
    built = sending(task).attributes or {}
    now = _public_attributes(task)
    return [name for name, value in now.items() if name not in built or built[name] is not value]


def _public_attributes(task: Sendable) -> dict[str, Any]:
    return {name: value for name, value in vars(task).items() if name[0] != "_" and name != "config"}


def _chained(task: S, **settings: object) -> S:
    for name, value in settings.items():
        sending(task).chain[name] = check_option(name, value)
    return task


def _length(delay: object) -> float:
    seconds = delay.total_seconds() if isinstance(delay, timedelta) else delay
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < math.inf:
        raise ConfigurationError(f"delay={delay!r}: must be seconds above 0 or a timedelta")
    return float(seconds)
