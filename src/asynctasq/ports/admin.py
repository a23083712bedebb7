"""Looking and repairing: what an operator needs of a broker beside the four verbs."""

from abc import ABC, abstractmethod
from collections.abc import Sequence, Set

from attrs import field, frozen

from asynctasq.domain.lifecycle import State
from asynctasq.domain.verdict import Refusal
from asynctasq.domain.views import MessageView, Page, QueueStats

EVERY_STATE = frozenset({State.SCHEDULED, State.PENDING, State.RUNNING, State.DEAD, State.CANCELLED})
"""The states in which a message is still kept."""


@frozen(kw_only=True)
class AdminCapabilities:
    lists_queues: bool = True
    lists_empty_queues: bool = False
    """`queues` also names queues that hold nothing, or nothing but dead letters."""
    counts: Set[State] = field(default=EVERY_STATE)
    """States whose messages `stats` can count; the others are None there."""
    finds: Set[State] = field(default=EVERY_STATE)
    """States in which `find` and `fetch` can see a message."""
    cancels: bool = True


class QueueAdmin(ABC):
    """Shares the life and the connection of the queue it belongs to.

    A verb that the capabilities deny raises `Unsupported` with a text that names the capability and the driver.
    Like the queue's own verbs these raise `Unavailable` and `Closed`, and refuse single ids without hurting others.
    """

    capabilities: AdminCapabilities

    @abstractmethod
    async def queues(self) -> Sequence[str]:
        """The names of all queues that hold a message a worker could lease now or later, in alphabetical order.

        Workers that were given no names ask for this every few seconds.
        """

    @abstractmethod
    async def stats(self) -> Sequence[QueueStats]:
        """Counts for every queue that holds anything, dead letters included, in alphabetical order."""

    @abstractmethod
    async def find(self, *, state: State, queue: str | None = None, limit: int = 100, after: str | None = None) -> Page:
        """Messages in one state, oldest first, at most `limit`; `after` is what the page before gave."""

    @abstractmethod
    async def fetch(self, ids: Sequence[str]) -> Sequence[MessageView]:
        """The messages with these ids that the queue still keeps, in the order asked for."""

    @abstractmethod
    async def requeue(self, ids: Sequence[str]) -> Sequence[Refusal]:
        """Dead and cancelled messages start again at once with fresh attempts; others are refused as INVALID."""

    @abstractmethod
    async def cancel(self, ids: Sequence[str]) -> Sequence[Refusal]:
        """Waiting messages become cancelled; a running one does too, and its worker learns it at its next call.

        What is not known, or already dead or cancelled, is refused as INVALID.
        """

    @abstractmethod
    async def delete(self, ids: Sequence[str]) -> Sequence[Refusal]:
        """Forget messages that are not running; running or unknown ones are refused as INVALID."""

    @abstractmethod
    async def purge(self, queue: str, *, states: Set[State]) -> int:
        """Forget every message of a queue in these states, RUNNING not being one of them; how many there were."""
