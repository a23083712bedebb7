"""Messages into two arguments of a script, and leases out of two values: what is counted costs, not what is long."""

import json
import math
import secrets
import struct
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from asynctasq.domain.lease import Lease
from asynctasq.domain.message import IdempotencyKey, Message
from asynctasq.domain.wire import dumps_header, loads_message

T = TypeVar("T")

BATCH_COUNT = 1000
BATCH_BYTES = 16 * 1024 * 1024
LONGEST_DELAY_SECONDS = 100 * 365 * 86400.0
NONCE_LENGTH = 12
NAME_LIMIT = 250

_FACTS = struct.Struct(">IIdI")
"""Attempt, failures, skewed seconds and length of the content, as lease.lua packs them."""

Row = tuple[str, str, int, int, int]
"""Id, queue, priority, delay in microseconds, length of the content: the values that arrive.lua counts."""

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def to_json(value: object) -> bytes:
    """Without spaces, and without anything but ASCII."""
    return _encode(value).encode()


def content_of(message: Message) -> tuple[bytes, bytes, bytes]:
    """What is written once, in pieces: the length of the header, the header, the body."""
    header = dumps_header(message)
    return len(header).to_bytes(4, "big"), header, message.body


def row_of(message: Message, length: int) -> Row:
    """What arrive.lua needs beside the content."""
    return message.id, message.queue, message.priority, microseconds(message.delay_seconds), length


def microseconds(seconds: float) -> int:
    """Rounded up: nothing is early. A policy may grow a delay beyond every number."""
    if not seconds:  # as nearly always
        return 0
    return math.ceil(max(0.0, min(seconds, LONGEST_DELAY_SECONDS)) * 1_000_000)


def packs(messages: Sequence[Message]) -> Iterator[tuple[Sequence[Message], bytes, bytes]]:
    """Messages with their rows as JSON and their contents in a row, at most so many and so long at once."""
    start, rows, pieces, size = 0, list[str | int](), list[bytes](), 0
    for position, message in enumerate(messages):
        content = content_of(message)
        length = sum(map(len, content))
        if rows and (position - start == BATCH_COUNT or size + length > BATCH_BYTES):
            yield messages[start:position], to_json(rows), b"".join(pieces)
            start, rows, pieces, size = position, [], [], 0
        rows += row_of(message, length)
        pieces += content
        size += length
    if rows:
        yield messages[start:], to_json(rows), b"".join(pieces)


def words_of(key: IdempotencyKey) -> tuple[bytes, bytes]:
    """Sender and number."""
    return key.sender.encode(), b"%d" % key.number


def is_storable(name: str) -> bool:
    """Not too long, and without half a surrogate pair, which the server's JSON does not have."""
    if name.isascii():  # as nearly all are
        return len(name) <= NAME_LIMIT
    try:
        return len(name.encode()) <= NAME_LIMIT
    except UnicodeEncodeError:
        return False


def storable_name(name: str) -> str:
    """The name of a worker is for people."""
    return name.encode(errors="replace")[:NAME_LIMIT].decode(errors="ignore")


def batches(items: Sequence[T], count: int = BATCH_COUNT) -> Iterator[Sequence[T]]:
    """So many at a time as a server should do in one breath."""
    for start in range(0, len(items), count):
        yield items[start : start + count]


def new_nonce() -> str:
    """What all leases of one call have in common, and no other lease of their messages ever had."""
    return secrets.token_hex(NONCE_LENGTH // 2)


def nonce_of(lease: Lease) -> str:
    """The half of a token that the server knows."""
    return lease.token[:NONCE_LENGTH]


def leases_of(reply: Sequence[bytes], nonce: str, lease_seconds: float) -> list[Lease]:
    """What lease.lua gave. A token is the nonce of the call and a number, for it must differ within a worker."""
    leases: list[Lease] = []
    groups, facts, contents = iter(json.loads(reply[0])), _FACTS.iter_unpack(reply[1]), reply[2]
    start = 0
    for queue, ids in zip(groups, groups, strict=True):
        for id, (attempt, failures, skewed_seconds, length) in zip(ids, facts, strict=False):
            end = start + length
            message, defect = loads_message(id, queue, *divided(contents[start:end]))
            start = end
            leases.append(
                Lease(
                    message,
                    f"{nonce}{len(leases)}",
                    attempt=attempt,
                    failures=failures,
                    lease_seconds=lease_seconds,
                    skewed_seconds=skewed_seconds,
                    defect=defect,
                )
            )
    return leases


def divided(content: bytes) -> tuple[bytes, bytes]:
    """Header and body, whatever bytes somebody may have put there."""
    end = 4 + int.from_bytes(content[:4], "big")
    return content[4:end], content[end:]


def parsed(reply: bytes) -> Any:
    """The JSON that a script gave back, or an empty list for nothing."""
    return json.loads(reply) if reply else []
