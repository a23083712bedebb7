"""The header of a message as bytes, the same on every broker. The body is not looked at."""

import json
from functools import lru_cache
from typing import Any, cast

from asynctasq.domain.lease import Defect
from asynctasq.domain.message import Message
from asynctasq.domain.retry import RetryPolicy

HEADER_VERSION = 1
REMEMBERED_BYTES = 1024
"""Nobody who fills a queue with long headers is to fill the memory of its workers, too."""

_TEXT = frozenset({str})

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode

Headers = tuple[tuple[str, str], ...]


class _Newer(ValueError):
    """A newer worker may be able to read it."""


def dumps_header(message: Message) -> bytes:
    """Everything of a message but its id, queue, body and delay, which each queue keeps in its own way."""
    return _dumped(message.task, tuple(message.headers.items()), message.priority, message.policy)


def loads_message(id: str, queue: str, header: bytes, body: bytes) -> tuple[Message, Defect | None]:
    """The message as it was sent. Never raises: what cannot be read comes back with a defect and no task."""
    try:
        task, headers, priority, policy = (_known if len(header) <= REMEMBERED_BYTES else _loaded)(header)
    except _Newer as error:
        return Message(id, queue, task="", body=body), Defect(str(error), "newer")
    except (ValueError, TypeError, RecursionError) as error:
        return Message(id, queue, task="", body=body), Defect(f"the header cannot be read: {error}")
    return Message(id, queue, task=task, body=body, headers=dict(headers), priority=priority, policy=policy), None


# All dispatches of a task with the same options have the same header, and most tasks know few options.
@lru_cache(maxsize=256)
def _dumped(task: str, headers: Headers, priority: int, policy: RetryPolicy) -> bytes:
    numbers = [policy.max_attempts, policy.delay_seconds, policy.factor, policy.cap_seconds, policy.jitter]
    return _encode([HEADER_VERSION, task, dict(headers), priority, numbers]).encode()


def _loaded(header: bytes) -> tuple[str, Headers, int, RetryPolicy]:
    version, *fields = json.loads(header.decode())
    if isinstance(version, int) and version > HEADER_VERSION:
        raise _Newer(f"the header has version {version}, this worker reads up to {HEADER_VERSION}")
    task, headers, priority, (max_attempts, delay_seconds, factor, cap_seconds, jitter) = fields
    if not (isinstance(task, str) and isinstance(priority, int) and _is_text_to_text(headers)):
        raise TypeError("a field has the wrong type")
    policy = RetryPolicy(
        max_attempts, delay_seconds=delay_seconds, factor=factor, cap_seconds=cap_seconds, jitter=jitter
    )
    return task, tuple(headers.items()), priority, policy


_known = lru_cache(maxsize=256)(_loaded)


def _is_text_to_text(headers: Any) -> bool:
    """JSON has only text for keys, and no subclasses of it."""
    return isinstance(headers, dict) and _TEXT.issuperset(map(type, cast("dict[str, Any]", headers).values()))
