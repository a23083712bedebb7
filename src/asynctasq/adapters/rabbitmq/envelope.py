"""A message as the bytes on the wire: what became of it so far, its header, its body.

All of it is in the body of the AMQP message: a table of AMQP headers must fit into one frame, and is slow to read.
"""

import json
import struct
from typing import Any

from attrs import define, frozen

from asynctasq.domain.outcome import ErrorInfo

MAGIC = b"atq1"
_lengths = struct.Struct(">4sII")


@define(kw_only=True)
class Record:
    """What became of a message before this copy of it was published."""

    attempt: int = 0
    """Starts so far, apart from those that this copy's deliveries count."""
    failures: int = 0
    skewed_seconds: float = 0.0
    later_seconds: float = 0.0
    """Of its delay, what the levels could not hold at once."""
    worker: str | None = None
    error: ErrorInfo | None = None
    cancelled: bool = False


@frozen
class Envelope:
    record: Record
    header: bytes
    body: bytes


def pack(header: bytes, body: bytes, record: Record | None = None) -> bytes:
    """Without a record: nothing became of it so far."""
    noted = b"" if record is None else _dumps(record)
    return b"".join((_lengths.pack(MAGIC, len(noted), len(header)), noted, header, body))


def unpack(data: bytes) -> Envelope:
    """Never raises: bytes that are no envelope are taken for a header, which cannot be read."""
    try:
        magic, record_length, header_length = _lengths.unpack_from(data)
        header_start = _lengths.size + record_length
        body_start = header_start + header_length
        if magic != MAGIC or body_start > len(data):
            return Envelope(Record(), data, b"")
        record = _loads(data[_lengths.size : header_start]) if record_length else Record()
        return Envelope(record, data[header_start:body_start], data[body_start:])
    except (struct.error, ValueError, TypeError, RecursionError):
        return Envelope(Record(), data, b"")


def _dumps(record: Record) -> bytes:
    error = record.error
    fields = (
        record.attempt,
        record.failures,
        record.skewed_seconds,
        record.later_seconds,
        record.worker,
        error and (error.kind, error.message, error.traceback),
        record.cancelled,
    )
    return json.dumps(fields, separators=(",", ":")).encode()


def _loads(data: bytes) -> Record:
    fields: list[Any] = json.loads(data)
    attempt, failures, skewed_seconds, later_seconds, worker, error, cancelled = fields
    return Record(
        attempt=int(attempt),
        failures=int(failures),
        skewed_seconds=float(skewed_seconds),
        later_seconds=float(later_seconds),
        worker=None if worker is None else str(worker),
        error=None if error is None else ErrorInfo(*map(str, error)),
        cancelled=bool(cancelled),
    )
