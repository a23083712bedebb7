"""Messages into two arguments of a script, and leases out of two values: what is counted costs, not what is long."""

import json
import math
import secrets
import struct
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
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

_kind_of = attrgetter("queue", "priority", "delay_seconds")

Columns = tuple[Sequence[tuple[str, int, int, int]], Sequence[str]]
"""For messages in a row that have them in common: queue, priority, delay in microseconds and how many; and all ids."""

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def to_json(value: object) -> bytes:
    """Without spaces, and without anything but ASCII."""
    return _encode(value).encode()


def content_of(message: Message) -> bytes:
    """What is written once: the length of the header, the header, the body."""
    header = dumps_header(message)
    return len(header).to_bytes(4, "big") + header + message.body


def columns_of(messages: Sequence[Message]) -> Columns:
    """What arrive.lua needs beside the contents. Most batches are of one kind, and nothing of that is said twice."""
    kinds = [
        (queue, priority, microseconds(delay_seconds), len(list(alike)))
        for (queue, priority, delay_seconds), alike in groupby(messages, _kind_of)
    ]
    return kinds, [message.id for message in messages]


def joined(contents: Sequence[bytes]) -> bytes:
    """Their lengths (4 bytes each), and then themselves."""
    return struct.pack(f">{len(contents)}I", *map(len, contents)) + b"".join(contents)


def microseconds(seconds: float) -> int:
    """Rounded up: nothing is early. A policy may grow a delay beyond every number."""
    if not seconds:  # as nearly always
        return 0
    return math.ceil(max(0.0, min(seconds, LONGEST_DELAY_SECONDS)) * 1_000_000)


def packs(messages: Sequence[Message]) -> Iterator[tuple[Sequence[Message], bytes, bytes]]:
    """Messages with their columns as JSON and their joined contents, at most so many and so long at once."""
    start, contents, size = 0, list[bytes](), 0
    for position, message in enumerate(messages):
        content = content_of(message)
        if contents and (len(contents) == BATCH_COUNT or size + len(content) > BATCH_BYTES):
            pack = messages[start:position]
            yield pack, to_json(columns_of(pack)), joined(contents)
            start, contents, size = position, [], 0
        contents.append(content)
        size += len(content)
    if contents:
        pack = messages[start:]
        yield pack, to_json(columns_of(pack)), joined(contents)


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
