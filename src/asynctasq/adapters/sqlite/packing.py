"""Messages into one statement and leases out of one row: a step per row would wait for the GIL at each of them."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from asynctasq.adapters.sqlite.statements import sql
from asynctasq.domain.lease import Lease
from asynctasq.domain.message import Message
from asynctasq.domain.wire import dumps_header, loads_message

PACK_BYTES = 16 * 1024 * 1024
LARGE_BYTES = 64 * 1024
LONGEST_DELAY_SECONDS = 100 * 365 * 86400.0

Row = list[Any]
"""[id, queue, priority, delay, start, header length, body length]"""


def insert(connection: sqlite3.Connection, messages: Sequence[Message], now: float) -> int:
    """How many were new."""
    return sum(
        connection.execute(sql("enqueue"), {"now": now, "rows": json.dumps(rows), "content": content}).rowcount
        for rows, content in _packs(messages)
    )


def take(connection: sqlite3.Connection, queue: str, limit: int, lease_seconds: float) -> list[Lease]:
    """The first messages of a queue as the leases they will be once `lease.sql` has run."""
    parameters = {"queue": queue, "limit": limit, "large": LARGE_BYTES}
    rows, headers, bodies = connection.execute(sql("take"), parameters).fetchone()
    leases: list[Lease] = []
    header_start = body_start = 0
    for seq, leased, id, attempt, failures, skewed_seconds, header_length, body_length in json.loads(rows):
        if header_length + body_length > LARGE_BYTES:
            content = connection.execute("SELECT header, body FROM message WHERE seq = ?", (seq,)).fetchone()
        else:
            header_end, body_end = header_start + header_length, body_start + body_length
            content = headers[header_start:header_end], bodies[body_start:body_end]
            header_start, body_start = header_end, body_end
        message, defect = loads_message(id, queue, *content)
        leases.append(
            Lease(
                message,
                f"{seq}.{leased + 1}",
                attempt=attempt + 1,
                failures=failures,
                lease_seconds=lease_seconds,
                skewed_seconds=skewed_seconds,
                defect=defect,
            )
        )
    return leases


def seq_and_leases(lease: Lease) -> tuple[int, int]:
    """The two halves of a token; (0, 0), which no row has, for a token that is none of ours."""
    seq, _, leases = lease.token.partition(".")
    try:
        return int(seq), int(leases)
    except ValueError:
        return 0, 0


def tokens(leases: Sequence[Lease]) -> str:
    """As JSON, for one parameter."""
    return json.dumps([seq_and_leases(lease) for lease in leases])


def storable_delay(seconds: float) -> float:
    """A policy may grow a delay beyond every number, which JSON does not have."""
    return max(0.0, min(seconds, LONGEST_DELAY_SECONDS))


def _packs(messages: Sequence[Message]) -> Iterator[tuple[list[Row], bytes]]:
    """Rows and the bytes they point into, cut so that the bytes stay well below what SQLite can bind."""
    rows: list[Row] = []
    parts: list[bytes] = []
    end = 0
    for message in messages:
        header = dumps_header(message)
        delay = storable_delay(message.delay_seconds)
        rows.append([message.id, message.queue, message.priority, delay, end, len(header), len(message.body)])
        parts += header, message.body
        end += len(header) + len(message.body)
        if end > PACK_BYTES:
            yield rows, b"".join(parts)
            rows, parts, end = [], [], 0
    if rows:
        yield rows, b"".join(parts)
