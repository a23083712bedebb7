"""How one attempt ended, as plain data: what an executor answers, from whichever process."""

import traceback

from attrs import field, frozen

ERROR_TEXT_LIMIT = 16 * 1024


@frozen
class ErrorInfo:
    """An error as text: the qualified name of its class, its message, its traceback."""

    kind: str
    message: str = ""
    traceback: str = ""

    @classmethod
    def of(cls, error: BaseException) -> "ErrorInfo":
        """Of an exception, even one whose own text raises."""
        kind = type(error)
        name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
        try:
            message = str(error)
        except Exception:  # noqa: BLE001 - somebody else's __str__ may do anything
            message = "<the error's text raised an error>"
        try:
            trace = "".join(traceback.format_exception(error))
        except Exception:  # noqa: BLE001
            trace = ""
        return cls(name, message, trace)

    def storable(self) -> "ErrorInfo":
        """The same error as valid UTF-8 without NUL, each text at most 16 KiB long, tracebacks cut at the front."""
        return ErrorInfo(
            _clean(self.kind)[:200],
            _cut(_clean(self.message)),
            _cut(_clean(self.traceback)[::-1])[::-1],
        )


def _clean(text: str) -> str:
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def _cut(text: str) -> str:
    return text.encode()[:ERROR_TEXT_LIMIT].decode(errors="ignore")


@frozen
class Succeeded:
    pass


@frozen
class Failed:
    """`retryable` is the task's own word on it; `retry_in_seconds` overrides the policy's delay."""

    error: ErrorInfo
    retryable: bool = True
    retry_in_seconds: float | None = field(default=None, kw_only=True)


@frozen
class TimedOut:
    error: ErrorInfo
    retryable: bool = True


@frozen
class Snoozed:
    delay_seconds: float


@frozen
class Rejected:
    error: ErrorInfo


@frozen
class Interrupted:
    """The worker stopped this attempt before its end; it costs nothing."""


@frozen
class Undecodable:
    """Nobody can or may ever run this: corrupt, forged, or forbidden by policy."""

    error: ErrorInfo


@frozen
class Skewed:
    """This worker cannot run it, a newer one may; `limit_seconds` is how long that is waited for."""

    error: ErrorInfo
    limit_seconds: float


Outcome = Succeeded | Failed | TimedOut | Snoozed | Rejected | Interrupted | Undecodable | Skewed
