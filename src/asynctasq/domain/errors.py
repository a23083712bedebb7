"""Every error that AsyncTasQ raises on purpose.

AsyncTasQError
├── ConfigurationError    a setting, name or option that cannot be used; names it and the remedy
│   └── MissingExtra      a driver whose client library is not installed
├── NotSendable           a task, argument or attribute that cannot travel; names the path to it
│   └── BodyTooLarge      the encoded arguments exceed what the queue takes
├── NotLoaded             the models of a task cannot be loaded, although their database answers
├── Unavailable           the broker gave no answer: whether it acted is unknown, repeating is safe
├── Closed                a resource was used after `close()`
├── Unsupported           the driver declares that it cannot do this
├── SchemaMismatch        the tables of a queue are missing, older or newer than this version; names the command
├── Refused               the queue answered, and the answer was no
├── IllegalStep           a message was asked to take a step that its state does not have
├── WorkerLost            given to `failed()` when every attempt ended in the death of its worker
├── TaskTimeout           (also a TimeoutError) given to the hooks when an attempt ran out of time
└── Directive             raised inside a task to say what happens to it next
    ├── Snooze            run later, no attempt counted
    ├── RetryIn           retry after this long
    └── Reject            dead now
"""


class AsyncTasQError(Exception):
    """The root of every error raised on purpose by this package."""


class ConfigurationError(AsyncTasQError, ValueError):
    """A setting, name or option cannot be used."""


class MissingExtra(ConfigurationError):
    """The client library of a driver is not installed."""


class NotSendable(AsyncTasQError, ValueError):
    """Something of a dispatched task cannot travel to a worker."""


class BodyTooLarge(NotSendable):
    """The encoded arguments are larger than the queue takes."""


class NotLoaded(AsyncTasQError):
    """The models that a task was given cannot be loaded, although their database answers."""


class Unavailable(AsyncTasQError):
    """The broker gave no answer. What it did is unknown; the same call may be repeated."""


class Closed(AsyncTasQError):
    """A resource was used after it was closed."""


class Unsupported(AsyncTasQError):
    """The driver declares that it cannot do what was asked."""


class SchemaMismatch(AsyncTasQError):
    """The tables of a queue are not those that this version works with."""


class Refused(AsyncTasQError):
    """The queue refused a message that was dispatched to it."""


class IllegalStep(AsyncTasQError):
    """A life cycle has no such step from the state that a message is in."""


class WorkerLost(AsyncTasQError):
    """Every allowed attempt ended because the worker that ran it died."""


class TaskTimeout(AsyncTasQError, TimeoutError):
    """An attempt ran longer than the task's timeout."""


class Directive(AsyncTasQError):
    """Raised inside a task to say what happens to it next."""


class Snooze(Directive):
    """Run this task again after `seconds`; the attempt is not counted."""

    def __init__(self, seconds: float) -> None:
        if not seconds >= 0:
            raise ValueError(f"Snooze takes seconds >= 0, not {seconds!r}")
        super().__init__(f"run again in {seconds} s")
        self.seconds = float(seconds)


class RetryIn(Directive):
    """Fail this attempt and retry after `seconds` instead of the policy's delay."""

    def __init__(self, seconds: float) -> None:
        if not seconds >= 0:
            raise ValueError(f"RetryIn takes seconds >= 0, not {seconds!r}")
        super().__init__(f"retry in {seconds} s")
        self.seconds = float(seconds)


class Reject(Directive):
    """Send this task to the dead letters now, whatever attempts are left."""

    def __init__(self, reason: str = "rejected by the task") -> None:
        super().__init__(reason)
        self.reason = reason
