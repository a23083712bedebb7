"""A dead letter as text: a line about its end, then the message as it was leased."""

import json
from typing import Any

import attrs
from attrs import field, frozen

from asynctasq.adapters.sqs.envelope import Facts, is_ours, repack, unpack
from asynctasq.domain.lifecycle import State
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.views import MessageView

VERSION = 1
ENDED = frozenset({State.DEAD, State.CANCELLED})


@frozen
class End:
    """How it ended, with the id under which people look for it."""

    id: str
    state: State
    attempt: int = field(kw_only=True)
    failures: int = field(kw_only=True)
    worker: str | None = field(kw_only=True)
    error: ErrorInfo | None = field(default=None, kw_only=True)


def write(end: End, text: str, *, most_bytes: int) -> str:
    """As long as it may be: the error is cut so that it fits, and so is, in the last resort, what we never sent."""
    error = end.error and end.error.storable()
    while True:
        letter = f"{_line(end, error)}\n{text}"
        if len(letter.encode(errors="replace")) <= most_bytes:
            return letter
        if not error:
            return letter if is_ours(text) else letter.encode(errors="replace")[:most_bytes].decode(errors="ignore")
        error = _shorter(error)


def read(letter: str, *, id: str, queue: str) -> tuple[MessageView, str]:
    """The view of a letter, and the message that it was."""
    line, _, text = letter.partition("\n")
    end = _end(line) or End(id, State.DEAD, attempt=0, failures=0, worker=None)
    _, message, _ = unpack(text if _end(line) else letter, id=end.id, queue=queue)
    view = MessageView(
        message, end.state, attempt=end.attempt, failures=end.failures, worker=end.worker, error=end.error
    )
    return view, text if _end(line) else letter


def reborn(text: str, id: str) -> str:
    """The message with fresh attempts."""
    return repack(text, Facts(id))


def _line(end: End, error: ErrorInfo | None) -> str:
    fields = [VERSION, end.state.value, end.id, end.attempt, end.failures, end.worker]
    return json.dumps([*fields, error and attrs.astuple(error)], separators=(",", ":"))


def _end(line: str) -> End | None:
    try:
        fields: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    match fields:
        case [
            int(),
            "dead" | "cancelled" as state,
            str() as id,
            int() as attempt,
            int() as failures,
            worker,
            error,
            *_,
        ]:
            return End(id, State(state), attempt=attempt, failures=failures, worker=worker, error=_error(error))
        case _:
            return None


def _error(fields: Any) -> ErrorInfo | None:
    match fields:
        case [str() as kind, str() as message, str() as traceback]:
            return ErrorInfo(kind, message, traceback)
        case _:
            return None


def _shorter(error: ErrorInfo) -> ErrorInfo | None:
    """Half of its texts, the end of a traceback and the beginning of a message; nothing once they are used up."""
    message, trace = error.message, error.traceback
    if not (message or trace):
        return None
    return ErrorInfo(error.kind, message[: len(message) // 2], trace[len(trace) - len(trace) // 2 :])
