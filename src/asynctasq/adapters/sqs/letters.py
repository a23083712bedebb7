"""The dead letters of a queue. SQS shows a message only to who receives it, so looking hides them for a moment."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from attrs import define, field

from asynctasq.adapters.sqs import batches, letter
from asynctasq.adapters.sqs.batches import AT_ONCE, Copy
from asynctasq.adapters.sqs.calls import all_of
from asynctasq.adapters.sqs.connection import Connection
from asynctasq.adapters.sqs.faults import NoSuchQueue
from asynctasq.adapters.sqs.places import Place
from asynctasq.domain.errors import Unavailable
from asynctasq.domain.views import MessageView

MOST = 1000
HIDDEN_SECONDS = 60
"""For so long letters stay hidden if who looks at them dies meanwhile."""
WIDEST = 10
LOOK_SECONDS = 1
"""A wait makes SQS ask all of its servers."""


@define
class Letter:
    """One that is hidden from others until it is put back. `rank` is its place among all."""

    view: MessageView
    text: str
    receipt: str
    rank: str
    kept: bool = field(default=True)


@define
class Box:
    """Where the dead letters of a queue lie, and those that were taken out to be looked at."""

    queue: str
    place: Place
    letters: list[Letter] = field(factory=list[Letter])


class Letters:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def opened(self, boxes: Sequence[Box]) -> AsyncGenerator[Sequence[Letter]]:
        """The first letters of each box, the oldest first; those still `kept` at the end are put back."""
        try:
            await all_of(self._take_out(box) for box in boxes)
            yield sorted((each for box in boxes for each in box.letters), key=lambda each: each.rank)
        finally:
            await all_of(self._put_back(box) for box in boxes)

    async def requeue(self, place: Place, letters: Sequence[Letter]) -> list[Letter]:
        """Send these again as new; those that were sent."""
        copies = [Copy(key, letter.reborn(each.text, each.view.message.id)) for key, each in enumerate(letters)]
        done = await batches.send(self._connection, place, copies)
        for text in done.rejected.values():
            done.errors.append(Unavailable(f"{place.name} takes no copy: {text}"))
        for error in done.errors:
            raise error
        return [letters[key] for key in done.keys]

    async def remove(self, box: Box, letters: Sequence[Letter]) -> None:
        done = await batches.delete(self._connection, box.place.url, dict(enumerate(each.receipt for each in letters)))
        for key in done.keys:
            letters[key].kept = False
        for error in done.errors:
            raise error

    async def _take_out(self, box: Box) -> None:
        width = 1
        while len(box.letters) < MOST:  # round by round, until one comes back empty
            rounds = await all_of(self._receive(box) for _ in range(width))
            found = [each for letters in rounds for each in letters]
            if not found:
                return
            box.letters += found
            width = min(WIDEST, 2 * width)

    async def _receive(self, box: Box) -> list[Letter]:
        try:
            answer = await self._connection.call(
                "receive_message",
                QueueUrl=box.place.url,
                MaxNumberOfMessages=AT_ONCE,
                VisibilityTimeout=HIDDEN_SECONDS,
                WaitTimeSeconds=LOOK_SECONDS,
                MessageSystemAttributeNames=["SentTimestamp"],
            )
        except NoSuchQueue:
            return []
        return [_letter(message, box.queue) for message in answer.get("Messages", ())]

    async def _put_back(self, box: Box) -> None:
        receipts = {key: (each.receipt, 0) for key, each in enumerate(box.letters) if each.kept}
        await batches.change_visibility(self._connection, box.place.url, receipts)


def _letter(message: Any, queue: str) -> Letter:
    id = str(message["MessageId"])
    view, text = letter.read(str(message["Body"]), id=id, queue=queue)
    sent = int(message.get("Attributes", {}).get("SentTimestamp", 0))
    return Letter(view, text, str(message["ReceiptHandle"]), f"{sent:015d} {id}")
