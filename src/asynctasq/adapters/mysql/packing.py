"""Messages as rows of an INSERT, rows as leases, and batches cut to what one packet holds."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from asynctasq.adapters.mysql.connection import Row
from asynctasq.adapters.mysql.lines import tier
from asynctasq.adapters.mysql.literals import is_storable, literal, microseconds
from asynctasq.domain.lease import Lease
from asynctasq.domain.message import Message
from asynctasq.domain.verdict import Reason, Refusal
from asynctasq.domain.wire import dumps_header, loads_message

T = TypeVar("T")

MAX_BODY_BYTES = 4 * 1024 * 1024
"""Even if each byte had to be escaped, it would fit into the packets that a server takes unless told otherwise."""
PARCEL_BYTES = 4 * 1024 * 1024
PACKET_MARGIN_BYTES = 16 * 1024
LONGEST_ID = 255
LONGEST_QUEUE = 60


def objection(message: Message) -> Refusal | None:
    """Why no server could take this message."""
    if len(message.body) > MAX_BODY_BYTES:
        text = f"the body has {len(message.body)} bytes, the queue takes {MAX_BODY_BYTES}"
        return Refusal(message.id, "", Reason.TOO_LARGE, text)
    if not (is_storable(message.id, LONGEST_ID) and is_storable(message.queue, LONGEST_QUEUE)):
        text = f"its id or queue cannot be stored: up to {LONGEST_ID} and {LONGEST_QUEUE} characters"
        return Refusal(message.id, "", Reason.INVALID, text)
    return None


def row(message: Message) -> bytes:
    """As enqueue.sql and follow.sql take it."""
    return b"(%s, %s, %d, NOW(6) + INTERVAL %d MICROSECOND, %s, %s)" % (
        literal(message.id),
        literal(message.queue),
        tier(message.priority),
        microseconds(message.delay_seconds),
        literal(dumps_header(message)),
        literal(message.body),
    )


def parcels(items: Sequence[T], size: Callable[[T], int], max_packet: int) -> Iterator[Sequence[T]]:
    """In turn as many items as go into one packet, and at least one."""
    room = min(PARCEL_BYTES, max_packet - PACKET_MARGIN_BYTES)
    parcel: list[T] = []
    filled = 0
    for item in items:
        item_size = size(item)
        if parcel and filled + item_size > room:
            yield parcel
            parcel, filled = [], 0
        parcel.append(item)
        filled += item_size
    if parcel:
        yield parcel


def lease(row: Row, lease_seconds: float) -> Lease:
    """What take.sql gives, as the lease it will be once lease.sql has run."""
    seq, leases, id, queue, attempt, failures, skewed_seconds, header, body = row
    message, defect = loads_message(id, queue, header, body)
    return Lease(
        message,
        f"{seq}.{leases + 1}",
        attempt=attempt + 1,
        failures=failures,
        lease_seconds=lease_seconds,
        skewed_seconds=skewed_seconds,
        defect=defect,
    )


def seq_and_leases(lease: Lease) -> tuple[int, int]:
    """The two halves of a token; (0, 0), which no row has, for a token that is none of ours."""
    seq, _, leases = lease.token.partition(".")
    try:
        return int(seq), int(leases)
    except ValueError:
        return 0, 0


def tokens(leases: Sequence[Lease]) -> str:
    """As JSON, for one value. In one order everywhere, so that two batches do not wait for each other."""
    return json.dumps(sorted({seq_and_leases(lease) for lease in leases}), separators=(",", ":"))
