"""What only a queue can do that lives in a user's own database: join the user's transaction."""

from abc import abstractmethod
from collections.abc import Sequence

from asynctasq.domain.message import Message
from asynctasq.domain.verdict import Refusal
from asynctasq.ports.queue import Queue


class TransactionalQueue(Queue):
    """Both verbs may be called from any loop and thread once the queue is open: the connection is the caller's.

    What is not refused enters with the commit of the caller's transaction and is gone with its rollback. Raises
    `Unsupported` for a connection of a kind that the queue does not know, `Refused` if it leads elsewhere or its
    transaction would not do it.
    """

    @abstractmethod
    async def enqueue_on(self, connection: object, messages: Sequence[Message]) -> Sequence[Refusal]:
        """`enqueue` as a part of the transaction that is open on `connection`, on the caller's loop."""

    @abstractmethod
    def enqueue_on_sync(self, connection: object, messages: Sequence[Message]) -> Sequence[Refusal]:
        """The same for connections that block."""
