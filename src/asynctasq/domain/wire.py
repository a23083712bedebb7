"""The header of a message as bytes, the same on every broker. The body is not looked at."""

import json
from functools import lru_cache
from typing import Any, cast

from asynctasq.domain.lease import Defect
from asynctasq.domain.message import Message
from asynctasq.domain.retry import RetryPolicy

HEADER_VERSION = 1

_TEXT = frozenset({str})

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_decode = json.JSONDecoder().raw_decode


def dumps_header(message: Message) -> bytes:
    """Everything of a message but its id, queue, body and delay, which each queue keeps in its own way."""
    policy = message.policy
    return _encode(
        [
            HEADER_VERSION,
            message.task,
            dict(message.headers),
            message.priority,
            [policy.max_attempts, policy.delay_seconds, policy.factor, policy.cap_seconds, policy.jitter],
        ]
    ).encode()


def loads_message(id: str, queue: str, header: bytes, body: bytes) -> tuple[Message, Defect | None]:
    """The message as it was sent. Never raises: what cannot be read comes back with a defect and no task."""
    try:
        version, *rest = _read(header.decode())
        if isinstance(version, int) and version > HEADER_VERSION:
            text = f"the header has version {version}, this worker reads up to {HEADER_VERSION}"
            return Message(id, queue, task="", body=body), Defect(text, "newer")
        return _message(id, queue, body, rest), None
    except (ValueError, TypeError, RecursionError) as error:
        return Message(id, queue, task="", body=body), Defect(f"the header cannot be read: {error}")


def _read(text: str) -> Any:
    """As `json.loads`, which takes half as long again to look for what no header has: white space around it."""
    value, end = _decode(text)
    if end != len(text):
        raise ValueError("something follows it")
    return value


def _message(id: str, queue: str, body: bytes, fields: list[Any]) -> Message:
    task, headers, priority, policy = fields
    if not (isinstance(task, str) and isinstance(priority, int) and _is_text_to_text(headers)):
        raise TypeError("a field has the wrong type")
    return Message(id, queue, task=task, body=body, headers=headers, priority=priority, policy=_policy(*policy))


def _is_text_to_text(headers: Any) -> bool:
    """JSON has only text for keys, and no subclasses of it."""
    return isinstance(headers, dict) and _TEXT.issuperset(map(type, cast("dict[str, Any]", headers).values()))


@lru_cache(maxsize=256)
def _policy(
    max_attempts: int, delay_seconds: float, factor: float, cap_seconds: float | None, jitter: float
) -> RetryPolicy:
    return RetryPolicy(max_attempts, delay_seconds=delay_seconds, factor=factor, cap_seconds=cap_seconds, jitter=jitter)
