"""What extend and settle do to live leases, and which leases are not live."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, assert_never

import attrs

from asynctasq.adapters.mysql.connection import Connection
from asynctasq.adapters.mysql.entering import following
from asynctasq.adapters.mysql.faults import NOT_WHOLE, Answered
from asynctasq.adapters.mysql.literals import microseconds
from asynctasq.adapters.mysql.packing import objection, parcels, row, seq_and_leases, tokens
from asynctasq.adapters.mysql.statements import BEGIN, COMMIT, ROLLBACK, Statements
from asynctasq.domain.lease import Lease
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Ack, Bury, Cancel, Reason, Refusal, Release, Retry, Verdict

T = TypeVar("T")
Packet = Callable[[Statements, Sequence[T]], Sequence[bytes]]
"""Statements that do it to all of a batch, and fail if that is not possible."""

ROUNDS = 5
"""Between the look and the next try a lease may end."""
VERDICT_BYTES = 256


async def settle(connection: Connection, statements: Statements, verdicts: Sequence[Verdict]) -> Sequence[Refusal]:
    """What is not refused is done."""
    refusals = [refusal for verdict in verdicts if (refusal := _objection(verdict, connection.max_packet))]
    refused = {refusal.token for refusal in refusals}
    accepted = [verdict for verdict in verdicts if verdict.lease.token not in refused] if refused else verdicts
    # Each parcel is as much as the server takes at once.
    for parcel in parcels(accepted, _size, connection.max_packet):
        refusals += await _change(connection, statements, parcel, _lease_of, _settlement)
    return refusals


async def extend(
    connection: Connection, statements: Statements, leases: Sequence[Lease], lease_seconds: float
) -> Sequence[Refusal]:
    """What is not refused lasts so long from now."""

    def extension(statements: Statements, leases: Sequence[Lease]) -> Sequence[bytes]:
        length = microseconds(lease_seconds)
        text = tokens(leases)
        count = len({lease.token for lease in leases})
        return statements("extend", tokens=text, microseconds=length), statements("whole", count=count)

    refusals: list[Refusal] = []
    for parcel in parcels(leases, lambda _: VERDICT_BYTES, connection.max_packet):
        refusals += await _change(connection, statements, parcel, lambda lease: lease, extension)
    return refusals


async def _change(
    connection: Connection,
    statements: Statements,
    items: Sequence[T],
    lease_of: Callable[[T], Lease],
    packet: Packet[T],
) -> Sequence[Refusal]:
    """Most batches have nothing to refuse, so all is tried first and looked into only if that was too much."""
    if await _done(connection, BEGIN, *packet(statements, items), COMMIT):
        return []
    for _ in range(ROUNDS):
        standing = await _standing(connection, statements, [lease_of(item) for item in items])
        refusals: list[Refusal] = []
        accepted: list[T] = []
        for item in items:
            lease = lease_of(item)
            # A second verdict on the same lease comes too late; a second extension would be for nothing.
            state = standing.pop(seq_and_leases(lease), "lost")
            if state == "live":
                accepted.append(item)
            else:
                reason = Reason.CANCELLED if state == "cancelled" else Reason.LOST
                refusals.append(Refusal(lease.message.id, lease.token, reason))
        if await _done(connection, *(packet(statements, accepted) if accepted else ()), COMMIT):
            return refusals
    raise Answered(NOT_WHOLE, "the leases of a batch go on ending while it is settled")


async def _done(connection: Connection, *packet: bytes) -> bool:
    """Whether all of it could be done; if not, nothing is."""
    try:
        await connection.run(*packet)
    except Answered as answered:
        if answered.code != NOT_WHOLE:
            raise
        await connection.run(ROLLBACK)
        return False
    return True


async def _standing(
    connection: Connection, statements: Statements, leases: Sequence[Lease]
) -> dict[tuple[int, int], str]:
    """What may still be said of these leases. The live ones are held still."""
    text = tokens(leases)
    _, live, cancelled = await connection.run(
        BEGIN, statements("live", tokens=text), statements("cancelled", tokens=text)
    )
    return dict.fromkeys(map(_pair, cancelled.rows), "cancelled") | dict.fromkeys(map(_pair, live.rows), "live")


def _pair(row: tuple[Any, ...]) -> tuple[int, int]:
    return row[0], row[1]


def _settlement(statements: Statements, verdicts: Sequence[Verdict]) -> Sequence[bytes]:
    ended: list[Lease] = []
    kept: list[Any] = []
    given_back: list[Any] = []
    messages: list[Message] = []
    for verdict in verdicts:
        match verdict:
            case Ack(lease):
                ended.append(lease)
            case Bury(lease, error=error):
                ended.append(lease)
                kept.append([*seq_and_leases(lease), "dead", _stored(error)])
            case Cancel(lease):
                ended.append(lease)
                kept.append([*seq_and_leases(lease), "cancelled", None])
            case Retry(lease, delay_seconds=delay_seconds, error=error):
                given_back.append([*seq_and_leases(lease), microseconds(delay_seconds), 0, 1, None, _stored(error)])
            case Release(lease, delay_seconds=delay_seconds, skewed_seconds=skewed_seconds):
                skewed = microseconds(skewed_seconds) / 1e6
                given_back.append([*seq_and_leases(lease), microseconds(delay_seconds), 1, 0, skewed, None])
            case _:
                assert_never(verdict)
        messages += _messages(verdict)
    packet: list[bytes] = []
    if kept:
        packet += statements("bury", verdicts=_json(kept)), statements("whole", count=len(kept))
    if ended:
        packet += statements("ack", tokens=tokens(ended)), statements("whole", count=len(ended))
    if given_back:
        packet += statements("give_back", verdicts=_json(given_back)), statements("whole", count=len(given_back))
    return [*packet, *following(statements, messages)]


def _objection(verdict: Verdict, max_packet: int) -> Refusal | None:
    """A verdict of which an effect could not be stored."""
    for message in _messages(verdict):
        if objection(message) or 2 * len(row(message)) > max_packet:
            text = f"its effect {message.id} cannot be stored"
            return Refusal(verdict.lease.message.id, verdict.lease.token, Reason.INVALID, text)
    return None


def _messages(verdict: Verdict) -> Sequence[Message]:
    return () if isinstance(verdict, Release) else [effect.message for effect in verdict.effects]


def _lease_of(verdict: Verdict) -> Lease:
    return verdict.lease


def _size(verdict: Verdict) -> int:
    size = VERDICT_BYTES + sum(len(row(message)) + 16 * len(message.id) for message in _messages(verdict))
    # What JSON escapes is escaped once more for the statement.
    return size + 4 * len(_stored(verdict.error)) if isinstance(verdict, Retry | Bury) else size


def _stored(error: ErrorInfo) -> str:
    return _json(attrs.asdict(error.storable()))


def _json(value: Sequence[Any] | Mapping[str, str]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
