"""Verdicts into the arguments of settle.lua and extend.lua, and what they refuse into refusals."""

from collections.abc import Sequence
from typing import Any, assert_never

import attrs

from asynctasq.adapters.redis.packing import columns_of, content_of, joined, microseconds, nonce_of, parsed, to_json
from asynctasq.domain.lease import Lease
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Ack, Bury, Cancel, Reason, Refusal, Release, Retry, Verdict

KEPT = -1.0
"""The skewed seconds stay as they are."""


def arguments_of(verdicts: Sequence[Verdict]) -> tuple[Sequence[Lease], bytes, bytes]:
    """The leases in the order in which the script counts them, and its arguments."""
    acks = [verdict for verdict in verdicts if isinstance(verdict, Ack)]
    others = [verdict for verdict in verdicts if not isinstance(verdict, Ack)]
    ordered: list[Verdict] = [*acks, *others]
    positions, messages = _effects(ordered)
    tokens, rows = tokens_of([ack.lease for ack in acks]), [_row(other) for other in others]
    argument = to_json([tokens, rows, positions, *columns_of(messages)])
    return [verdict.lease for verdict in ordered], argument, joined([content_of(message) for message in messages])


def tokens_of(leases: Sequence[Lease]) -> list[str]:
    """Id, nonce, id, nonce and so on."""
    return [text for lease in leases for text in (lease.message.id, nonce_of(lease))]


def refusals_of(reply: bytes, leases: Sequence[Lease]) -> list[Refusal]:
    """The script names them by their position among the leases."""
    return [
        Refusal(leases[int(position)].message.id, leases[int(position)].token, Reason(reason))
        for position, reason in parsed(reply)
    ]


def _row(verdict: Retry | Bury | Cancel | Release) -> list[Any]:
    """What settle.lua needs: id, nonce, state, delay, attempts given back, failures, skewed seconds, error."""
    token = verdict.lease.message.id, nonce_of(verdict.lease)
    match verdict:
        case Retry(delay_seconds=delay_seconds, error=error):
            return [*token, *_due(delay_seconds), 0, 1, KEPT, _stored(error)]
        case Bury(error=error):
            return [*token, "D", 0, 0, 0, KEPT, _stored(error)]
        case Cancel():
            return [*token, "C", 0, 0, 0, KEPT, False]
        case Release(delay_seconds=delay_seconds, skewed_seconds=skewed_seconds):
            return [*token, *_due(delay_seconds), 1, 0, microseconds(skewed_seconds) / 1_000_000, False]
        case _:
            assert_never(verdict)


def _due(delay_seconds: float) -> tuple[str, int]:
    delay = microseconds(delay_seconds)
    return ("S" if delay else "P"), delay


def _stored(error: ErrorInfo) -> str:
    return to_json(attrs.asdict(error.storable())).decode()


def _effects(verdicts: Sequence[Verdict]) -> tuple[Sequence[int], Sequence[Message]]:
    """What is to be enqueued, and for each the position of its verdict."""
    found = [
        (position, effect.message)
        for position, verdict in enumerate(verdicts)
        if not isinstance(verdict, Release)
        for effect in verdict.effects
    ]
    return [position for position, _ in found], [message for _, message in found]
