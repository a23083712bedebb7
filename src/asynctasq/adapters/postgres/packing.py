"""Messages into the arrays of one statement, rows into leases."""

from collections.abc import Iterator, Sequence
from typing import Any

from asynctasq.adapters.postgres.connection import Row
from asynctasq.domain.lease import Lease
from asynctasq.domain.message import Message
from asynctasq.domain.wire import dumps_header, loads_message

PACK_BYTES = 64 * 1024 * 1024
"""PostgreSQL takes no more than 1 GiB in one message, and what it takes it holds in memory."""
LONGEST_DELAY_SECONDS = 100 * 365 * 86400.0

Columns = tuple[list[Any], ...]


def packs(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    """The messages, cut where their bodies come to too much for one statement; nearly always all in one."""
    start = size = 0
    for at, message in enumerate(messages):
        size += len(message.body)
        if size > PACK_BYTES and at > start:
            yield messages[start:at]
            start, size = at, len(message.body)
    if start < len(messages):
        yield messages[start:]


def columns_of(messages: Sequence[Message]) -> Columns:
    """Ids, queues, priorities, delays, headers, bodies."""
    return (
        [message.id for message in messages],
        [message.queue for message in messages],
        [message.priority for message in messages],
        [storable_delay(message.delay_seconds) for message in messages],
        [dumps_header(message) for message in messages],
        [message.body for message in messages],
    )


def lease_of(row: Row, lease_seconds: float) -> Lease:
    """From what lease.sql gives."""
    message, defect = loads_message(row["id"], row["queue"], row["header"], row["body"])
    return Lease(
        message,
        f"{row['seq']}.{row['leases']}",
        attempt=row["attempt"],
        failures=row["failures"],
        lease_seconds=lease_seconds,
        skewed_seconds=row["skewed_seconds"],
        defect=defect,
    )


def tokens_of(leases: Sequence[Lease]) -> Columns:
    """Ids, and the two halves of the tokens; (0, 0), which no row has, for a token that is none of ours."""
    halves = [_halves(lease.token) for lease in leases]
    return [lease.message.id for lease in leases], [seq for seq, _ in halves], [leases for _, leases in halves]


def storable_delay(seconds: float) -> float:
    """A policy may grow a delay beyond every date."""
    return max(0.0, min(seconds, LONGEST_DELAY_SECONDS))


def _halves(token: str) -> tuple[int, int]:
    seq, _, leases = token.partition(".")
    try:
        return int(seq), int(leases)
    except ValueError:
        return 0, 0
