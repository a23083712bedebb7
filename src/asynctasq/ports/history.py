"""Where succeeded tasks are kept for a while."""

from abc import abstractmethod
from collections.abc import Sequence

from asynctasq.domain.record import TaskRecord
from asynctasq.ports.resource import Resource

KEEP_COUNT = 10_000
KEEP_SECONDS = 7 * 24 * 3600.0


class History(Resource):
    """Bounded: what is older than KEEP_SECONDS or beyond the latest KEEP_COUNT is forgotten by itself.

    It holds what was appended, not everything that succeeded: a record may be missing after a crash or while the
    storage was away. No task waits for it. `open` may be called again. Its verbs raise `Unavailable` or `Closed`.
    """

    @abstractmethod
    async def append(self, records: Sequence[TaskRecord]) -> None:
        """Keep these. A later record of the same id takes the place of the earlier one."""

    @abstractmethod
    async def find(self, id: str) -> TaskRecord | None:
        """The record of this task, None if there is none (any more)."""
