"""What may enter, and how it does."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from asynctasq.adapters.postgres.connection import Row
from asynctasq.adapters.postgres.names import Tables
from asynctasq.adapters.postgres.packing import columns_of, packs
from asynctasq.adapters.postgres.statements import sql
from asynctasq.domain.message import IdempotencyKey, Message
from asynctasq.domain.verdict import Reason, Refusal

T = TypeVar("T")
Fetch = Callable[..., Awaitable[Sequence[Row]]]
"""Runs a statement with its arguments."""

MAX_BODY_BYTES = 16 * 1024 * 1024
MAX_NAME_BYTES = 1000
"""An index entry of PostgreSQL has little more than twice that."""


async def enqueue(
    fetch: Fetch, tables: Tables, channel: str, messages: Sequence[Message], key: IdempotencyKey | None = None
) -> Sequence[Refusal]:
    """The refusals of what was there already."""
    entered: Counter[str] = Counter()
    for at, pack in enumerate(packs(messages)):  # one, unless bodies are so large that they do not fit together
        call = key and key.part(at)
        sender = (call.sender, call.number) if call else (None, None)
        rows = await fetch(sql("enqueue", tables), *columns_of(pack), channel, *sender)
        entered.update(ids_of(rows))
    return refused(messages, entered)


def refused(messages: Sequence[Message], entered: Counter[str]) -> Sequence[Refusal]:
    """Of an id that is twice in one batch the first entered."""
    refusals: list[Refusal] = []
    for message in messages:
        if entered[message.id]:
            entered[message.id] -= 1
        else:
            refusals.append(Refusal(message.id, "", Reason.DUPLICATE))
    return refusals


def ids_of(rows: Sequence[Row]) -> list[str]:
    """The ids that a statement says it did something to."""
    ids: list[str] | None = rows[0]["ids"]
    return ids or []


def objection(message: Message) -> Refusal | None:
    """Why no table could take this message."""
    if len(message.body) > MAX_BODY_BYTES:
        text = f"the body has {len(message.body)} bytes, the queue takes {MAX_BODY_BYTES}"
        return Refusal(message.id, "", Reason.TOO_LARGE, text)
    if not (_is_storable(message.id) and _is_storable(message.queue)):
        text = f"its id and queue must be text of at most {MAX_NAME_BYTES} bytes without NUL"
        return Refusal(message.id, "", Reason.INVALID, text)
    return None


def divided(items: Sequence[T], refusals: Mapping[int, Refusal]) -> tuple[list[Refusal], Sequence[T]]:
    """The refusals, and what is left."""
    if not refusals:
        return [], items
    return list(refusals.values()), [item for position, item in enumerate(items) if position not in refusals]


def _is_storable(text: str) -> bool:
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return False
    return b"\0" not in data and len(data) <= MAX_NAME_BYTES
