"""Verdicts into the arrays of one statement, and what is refused of them."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, assert_never

import attrs

from asynctasq.adapters.postgres.packing import Columns, storable_delay, tokens_of
from asynctasq.domain.lease import Lease
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Ack, Bury, Cancel, Effect, Reason, Refusal, Release, Retry, Verdict

Change = tuple[str, float, int, int, float | None, str | None]
"""State, delay, attempts given back, failures, skewed seconds, error; None keeps what was there."""


def columns_of(verdicts: Sequence[Verdict]) -> Columns:
    """What settle.sql takes."""
    changes = [_change(verdict) for verdict in verdicts]
    return *tokens_of([verdict.lease for verdict in verdicts]), *(list(column) for column in zip(*changes, strict=True))


def effects_of(verdict: Verdict) -> Sequence[Effect]:
    """What is to happen in the same step."""
    return () if isinstance(verdict, Release) else verdict.effects


def repeated(leases: Iterable[Lease]) -> set[int]:
    """The positions of leases that came before in the same batch."""
    seen: set[str] = set()
    positions: set[int] = set()
    for position, lease in enumerate(leases):
        if lease.token in seen:
            positions.add(position)
        seen.add(lease.token)
    return positions


def refusal(lease: Lease, *, cancelled: bool = False) -> Refusal:
    """Of a lease that is not live."""
    return Refusal(lease.message.id, lease.token, Reason.CANCELLED if cancelled else Reason.LOST)


def _change(verdict: Verdict) -> Change:
    match verdict:
        case Ack():
            return "acked", 0.0, 0, 0, None, None
        case Retry(delay_seconds=delay_seconds, error=error):
            return "waiting", storable_delay(delay_seconds), 0, 1, None, _stored(error)
        case Bury(error=error):
            return "dead", 0.0, 0, 0, None, _stored(error)
        case Cancel():
            return "cancelled", 0.0, 0, 0, None, None
        case Release(delay_seconds=delay_seconds, skewed_seconds=skewed_seconds):
            return "waiting", storable_delay(delay_seconds), 1, 0, storable_delay(skewed_seconds), None
        case _:
            assert_never(verdict)


def _stored(error: ErrorInfo) -> str:
    # In ASCII: it can be stored whatever the encoding of the database is.
    return json.dumps(attrs.asdict(error.storable()))


def error_of(stored: str | None) -> ErrorInfo | None:
    """The error again that was stored with a message."""
    fields: dict[str, Any] = json.loads(stored) if stored else {}
    return ErrorInfo(**fields) if fields else None
