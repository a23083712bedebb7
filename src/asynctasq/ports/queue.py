"""The port every broker is an adapter of: four verbs, batches in, refusals out."""

from abc import abstractmethod
from collections.abc import Sequence

from attrs import field, frozen

from asynctasq.domain.lease import Lease
from asynctasq.domain.message import IdempotencyKey, Message
from asynctasq.domain.verdict import Refusal, Verdict
from asynctasq.ports.admin import QueueAdmin
from asynctasq.ports.resource import Resource


@frozen(kw_only=True)
class Capabilities:
    """What a broker can do beyond the minimum. The contract suite skips, by name, what is declared absent."""

    orders_queues: bool = True
    """`lease` empties queues in the order in which they are named."""
    priorities: bool = True
    leases_expire: bool = True
    """A lease ends by itself after its length; otherwise it ends with the client's connection."""
    max_lease_seconds: float | None = None
    exact_attempts: bool = True
    deduplicates: bool = True
    """A message whose id the queue still holds is refused as DUPLICATE."""
    remembers_senders: bool = True
    """A call under the key of its sender's last one is known as a repetition, whatever became of the messages since.

    Not needed where no answer gets lost on its way (`sqlite`), and no use without `deduplicates`.
    """
    effects: bool = True
    """Settlements apply their effects in the same step; otherwise a verdict with effects is refused as INVALID."""
    max_body_bytes: int | None = field(default=None)


class Queue(Resource):
    """Messages in, leases out. Used from one event loop only; its own clock makes instants of every length given.

    Whatever is not refused is done. A verb raises `Unavailable`, after which nothing is known and the call may be
    repeated as it stands (`settle` and `extend` always, `enqueue` where the queue deduplicates), or `Closed`;
    nothing else. No wall clock of a client ever matters.
    """

    capabilities: Capabilities

    @property
    @abstractmethod
    def admin(self) -> QueueAdmin:
        """The same storage over the same connection, for looking and repairing."""

    @abstractmethod
    async def enqueue(self, messages: Sequence[Message], *, key: IdempotencyKey | None = None) -> Sequence[Refusal]:
        """Become responsible for every message that is not refused (DUPLICATE, TOO_LARGE, INVALID).

        An empty batch does nothing. Nothing is leased before its delay is over. Without a `key` a repetition is known
        by its ids, as long as the queue holds them; with one also after its messages were finished
        (`remembers_senders`), for at least an hour.
        """

    @abstractmethod
    async def lease(
        self, queues: Sequence[str], *, limit: int, lease_seconds: float, owner: str, wait: float = 0.0
    ) -> Sequence[Lease]:
        """At most `limit` leases, as soon as there is one, after at most `wait` seconds: new, due or expired.

        Queues in the order given and the oldest due first (`orders_queues`), higher priorities first (`priorities`).
        A leased message is leased to nobody else until its lease ends. `attempt` is 1 at first and grows by one per
        lease that was not released. Bytes that cannot be read come as leases with a `defect`. A cancelled call
        leaves nothing leased and costs no attempt. `owner` names the worker, for people.
        """

    @abstractmethod
    async def extend(self, leases: Sequence[Lease], *, lease_seconds: float) -> Sequence[Refusal]:
        """Let these leases end `lease_seconds` from now, sooner or later than before.

        An ended lease is refused as LOST and stays ended; that of a cancelled message as CANCELLED.
        """

    @abstractmethod
    async def settle(self, verdicts: Sequence[Verdict]) -> Sequence[Refusal]:
        """Apply each verdict, with its effects, in one step that no crash can tear apart.

        A stale token changes nothing and is refused as LOST, a cancelled message as CANCELLED; a live one never is.
        One refused verdict hurts no other of the batch. Error texts of any code points are stored, cut at 16 KiB.
        """
