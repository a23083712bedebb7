"""What extend and settle do to live leases inside their transaction, and which leases are not live."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any, assert_never

import attrs

from asynctasq.adapters.sqlite.packing import insert, seq_and_leases, storable_delay, tokens
from asynctasq.adapters.sqlite.statements import sql
from asynctasq.domain.lease import Lease
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Ack, Bury, Cancel, Effect, Reason, Refusal, Release, Retry, Verdict


def apply(connection: sqlite3.Connection, verdicts: Sequence[Verdict], now: float) -> bool:
    """Whether all of them could be applied; if not, the transaction must not stand."""
    acked = [verdict.lease for verdict in verdicts if isinstance(verdict, Ack)]
    others = [_row(verdict) for verdict in verdicts if not isinstance(verdict, Ack)]
    count = 0
    if acked:
        count += connection.execute(sql("ack"), {"now": now, "tokens": tokens(acked)}).rowcount
    if others:
        count += connection.execute(sql("settle"), {"now": now, "verdicts": json.dumps(others)}).rowcount
    # An effect that is already there was applied by an earlier settlement that is being repeated.
    insert(connection, [effect.message for verdict in verdicts for effect in _effects(verdict)], now)
    return count == len(verdicts)


def extend(connection: sqlite3.Connection, leases: Sequence[Lease], now: float, *, lease_seconds: float) -> bool:
    """Whether all of them could be extended."""
    parameters = {"now": now, "until": now + lease_seconds, "tokens": tokens(leases)}
    return connection.execute(sql("extend"), parameters).rowcount == len({lease.token for lease in leases})


def refused_leases(connection: sqlite3.Connection, leases: Sequence[Lease], now: float) -> dict[int, Refusal]:
    """By position, those that are not live."""
    standing = _standing(connection, leases, now)
    return {
        position: _refusal(lease, standing.get(lease.token))
        for position, lease in enumerate(leases)
        if standing.get(lease.token) != "running"
    }


def refused_verdicts(connection: sqlite3.Connection, verdicts: Sequence[Verdict], now: float) -> dict[int, Refusal]:
    """By position, those on leases that are not live, or no more after an earlier verdict of the same batch."""
    leases = [verdict.lease for verdict in verdicts]
    standing = _standing(connection, leases, now)
    refusals: dict[int, Refusal] = {}
    for position, lease in enumerate(leases):
        if standing.get(lease.token) == "running":
            del standing[lease.token]
        else:
            refusals[position] = _refusal(lease, standing.get(lease.token))
    return refusals


def _standing(connection: sqlite3.Connection, leases: Sequence[Lease], now: float) -> dict[str, str]:
    parameters = {"now": now, "tokens": tokens(leases)}
    return json.loads(connection.execute(sql("standing"), parameters).fetchone()[0])


def _refusal(lease: Lease, state: str | None) -> Refusal:
    reason = Reason.CANCELLED if state == "cancelled" else Reason.LOST
    return Refusal(lease.message.id, lease.token, reason)


def _row(verdict: Retry | Bury | Cancel | Release) -> list[Any]:
    """What settle.sql needs: [seq, leases, state, delay, attempts given back, failures, skewed seconds, error]."""
    token = seq_and_leases(verdict.lease)
    match verdict:
        case Retry(delay_seconds=delay_seconds, error=error):
            return [*token, *_due(delay_seconds), 0, 1, None, _stored(error)]
        case Bury(error=error):
            return [*token, "dead", 0, 0, 0, None, _stored(error)]
        case Cancel():
            return [*token, "cancelled", 0, 0, 0, None, None]
        case Release(delay_seconds=delay_seconds, skewed_seconds=skewed_seconds):
            return [*token, *_due(delay_seconds), 1, 0, storable_delay(skewed_seconds), None]
        case _:
            assert_never(verdict)


def _due(delay_seconds: float) -> tuple[str, float]:
    delay = storable_delay(delay_seconds)
    return ("waiting" if delay else "ready"), delay


def _stored(error: ErrorInfo) -> dict[str, str]:
    return attrs.asdict(error.storable())


def _effects(verdict: Verdict) -> Sequence[Effect]:
    return () if isinstance(verdict, Release) else verdict.effects
