"""How messages become rows: all of a parcel at once, and only if one is there already a look which."""

from collections.abc import Sequence

from asynctasq.adapters.mysql.connection import Connection
from asynctasq.adapters.mysql.faults import DUPLICATE, REPEATED, Answered
from asynctasq.adapters.mysql.literals import Fragment
from asynctasq.adapters.mysql.packing import PACKET_MARGIN_BYTES, parcels, row
from asynctasq.adapters.mysql.statements import BEGIN, COMMIT, ROLLBACK, Statements
from asynctasq.domain.message import IdempotencyKey, Message
from asynctasq.domain.verdict import Reason, Refusal

ROUNDS = 5
"""Between the look and the next try others may enqueue the same ids."""

Packed = tuple[str, bytes]
"""An id and its row."""


async def enqueue(
    connection: Connection, statements: Statements, messages: Sequence[Message], key: IdempotencyKey | None
) -> Sequence[Refusal]:
    """What is not refused is in the table."""
    room = connection.max_packet - PACKET_MARGIN_BYTES
    refusals: list[Refusal] = []
    rows: dict[str, bytes] = {}
    for message in messages:
        packed = row(message)
        if message.id in rows:
            refusals.append(_duplicate(message.id))
        elif len(packed) > room:
            text = f"it needs {len(packed)} bytes of a packet, the server's max_allowed_packet leaves {room}"
            refusals.append(Refusal(message.id, "", Reason.TOO_LARGE, text))
        else:
            rows[message.id] = packed
    # Each parcel is as much as the server takes at once.
    for at, parcel in enumerate(parcels(list(rows.items()), _size, connection.max_packet)):
        refusals += await _insert(connection, statements, parcel, key and key.part(at))
    return refusals


async def _insert(
    connection: Connection, statements: Statements, parcel: Sequence[Packed], key: IdempotencyKey | None
) -> Sequence[Refusal]:
    call = (statements("call", sender=key.sender, number=key.number),) if key else ()
    refusals: list[Refusal] = []
    for last in (False,) * (ROUNDS - 1) + (True,):
        try:
            await connection.run(BEGIN, *call, *insertion(statements, parcel), COMMIT)
        except Answered as answered:
            if answered.code == REPEATED:
                await connection.run(ROLLBACK)
                return refusals + [_duplicate(id) for id, _ in parcel]
            if answered.code != DUPLICATE or last:
                raise
        else:
            break
        known = await _known(connection, statements, [id for id, _ in parcel])
        refusals += [_duplicate(id) for id, _ in parcel if id in known]
        parcel = [each for each in parcel if each[0] not in known]
        if not parcel:
            break
    return refusals


def insertion(statements: Statements, parcel: Sequence[Packed]) -> Sequence[bytes]:
    """Fails if one of them is there already, alive or dead."""
    ids = [id for id, _ in parcel]
    return statements("enqueue", rows=_rows(parcel)), statements("clash", ids=ids)


def following(statements: Statements, messages: Sequence[Message]) -> Sequence[bytes]:
    """Leaves out what is there already."""
    if not messages:
        return ()
    rows = {message.id: row(message) for message in messages}
    return statements("follow", rows=_rows(list(rows.items()))), statements("unfollow", ids=list(rows))


async def _known(connection: Connection, statements: Statements, ids: Sequence[str]) -> set[str]:
    answers = await connection.run(ROLLBACK, statements("known", ids=ids))
    return {id for (id,) in answers[-1].rows}


def _rows(parcel: Sequence[Packed]) -> Fragment:
    return Fragment(b", ".join(packed for _, packed in parcel))


def _size(packed: Packed) -> int:
    # The id stands there twice more, with up to four bytes a character.
    return len(packed[1]) + 8 * len(packed[0]) + 8


def _duplicate(id: str) -> Refusal:
    return Refusal(id, "", Reason.DUPLICATE)
