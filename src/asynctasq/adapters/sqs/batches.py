"""Requests in tens: what SQS takes at once, and its answer for each entry."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import field, frozen

from asynctasq.adapters.sqs.calls import together
from asynctasq.adapters.sqs.connection import Connection
from asynctasq.adapters.sqs.places import Place
from asynctasq.domain.errors import Unavailable

AT_ONCE = 10

Entry = Mapping[str, Any]


@frozen
class Copy:
    """A text to send. `key` is how its sender calls it."""

    key: int
    text: str
    delay_seconds: int = field(default=0)


@frozen
class Done:
    """By key: what was done, why the service will not do it, and the errors after which nothing is known."""

    keys: set[int] = field(factory=set[int])
    rejected: dict[int, str] = field(factory=dict[int, str])
    errors: list[Exception] = field(factory=list[Exception])

    def add(self, other: "Done") -> None:
        self.keys.update(other.keys)
        self.rejected.update(other.rejected)
        self.errors.extend(other.errors)


async def send(connection: Connection, place: Place, copies: Sequence[Copy]) -> Done:
    """By the keys of the copies."""
    return await _batches(
        connection,
        "send_message_batch",
        place.url,
        (
            [{"Id": str(it.key), "MessageBody": it.text, "DelaySeconds": it.delay_seconds} for it in batch]
            for batch in _fitting(copies, place.max_bytes)
        ),
    )


async def delete(connection: Connection, url: str, receipts: Mapping[int, str]) -> Done:
    """By the keys of the receipts."""
    entries = [{"Id": str(key), "ReceiptHandle": receipt} for key, receipt in receipts.items()]
    return await _batches(connection, "delete_message_batch", url, _tens(entries))


async def change_visibility(connection: Connection, url: str, receipts: Mapping[int, tuple[str, int]]) -> Done:
    """Each receipt comes with the seconds for which its message stays hidden from now on."""
    entries = [
        {"Id": str(key), "ReceiptHandle": receipt, "VisibilityTimeout": seconds}
        for key, (receipt, seconds) in receipts.items()
    ]
    return await _batches(connection, "change_message_visibility_batch", url, _tens(entries))


async def _batches(connection: Connection, verb: str, url: str, batches: Iterable[Sequence[Entry]]) -> Done:
    answers, errors = await together(connection.call(verb, QueueUrl=url, Entries=entries) for entries in batches)
    done = Done(errors=errors)
    for answer in answers:
        done.keys.update(int(entry["Id"]) for entry in answer.get("Successful", ()))
        for entry in answer.get("Failed", ()):
            text = f"{entry.get('Code')}: {entry.get('Message', '')}"
            if entry.get("SenderFault"):
                done.rejected[int(entry["Id"])] = text
            else:
                done.errors.append(Unavailable(f"{url}: {verb}: {text}"))
    return done


def _tens(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    for start in range(0, len(entries), AT_ONCE):
        yield entries[start : start + AT_ONCE]


def _fitting(copies: Sequence[Copy], most_bytes: int) -> Iterator[Sequence[Copy]]:
    """Ten at most, and together no longer than one message may be."""
    batch: list[Copy] = []
    size = 0
    for copy in copies:
        length = len(copy.text.encode(errors="replace"))
        if batch and (len(batch) == AT_ONCE or size + length > most_bytes):
            yield batch
            batch, size = [], 0
        batch.append(copy)
        size += length
    if batch:
        yield batch
