"""What a channel has published and the server has not answered for."""

import asyncio
from collections.abc import Sequence

from attrs import define, field

from asynctasq.adapters.rabbitmq.frames import Publication
from asynctasq.domain.errors import Unavailable


@define(eq=False)
class Batch:
    """Publications that were sent together.

    `returned` holds exchange and key of those that belong to no queue, `refused` those that a queue did not take.
    """

    confirmed: "asyncio.Future[None]"
    left: int
    returned: set[tuple[str, str]] = field(factory=set[tuple[str, str]])
    refused: list[Publication] = field(factory=list[Publication])


class Confirms:
    """Counts as the server does: the first publication of a channel is number 1."""

    def __init__(self) -> None:
        self._published = 0
        self._open: dict[int, tuple[Batch, Publication]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def expect(self, publications: Sequence[Publication]) -> Batch:
        """These are sent next."""
        batch = Batch(asyncio.get_running_loop().create_future(), len(publications))
        for publication in publications:
            self._published += 1
            self._open[self._published] = batch, publication
        return batch

    def answer(self, number: int, multiple: bool, *, refused: bool) -> None:  # noqa: FBT001  # as it is on the wire
        numbers = [each for each in self._open if each <= number] if multiple else [number]
        for each in numbers:
            if found := self._open.pop(each, None):
                batch, publication = found
                batch.left -= 1
                if refused:
                    batch.refused.append(publication)
                if not batch.left and not batch.confirmed.done():
                    batch.confirmed.set_result(None)

    def note_return(self, exchange: str, key: str) -> None:
        # It does not say which publication it was, and to send one that was taken again does no great harm.
        for batch in {batch for batch, _ in self._open.values()}:
            batch.returned.add((exchange, key))

    def end(self, error: Unavailable) -> None:
        for batch in {batch for batch, _ in self._open.values()}:
            if not batch.confirmed.done():
                batch.confirmed.set_exception(error)
                batch.confirmed.exception()  # not every one has somebody who still waits
