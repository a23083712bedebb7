"""Messages out of the server's queues, for a caller that does not wait: what is there, and then nothing more."""

from collections.abc import Mapping, Sequence

from asynctasq.adapters.rabbitmq.consumers import Consumer, end, without_fillers
from asynctasq.adapters.rabbitmq.deliveries import Delivery
from asynctasq.adapters.rabbitmq.finishing import what_can_be_had
from asynctasq.adapters.rabbitmq.session import Session
from asynctasq.domain.errors import Unavailable

MOST_GETS = 3
"""To ask for one message costs the server a third of what a consumer for many does."""
MOST_AT_ONCE = 1000


async def take_now(session: Session, queues: Sequence[str], limit: int) -> list[Delivery]:
    """At most `limit`, the first queue first."""
    taken: list[Delivery] = []
    fillers = True
    while fillers and limit > len(taken):
        try:
            counts = await ready_counts(session, queues)
        except Unavailable:
            if taken:
                break  # what is here already is nobody's but the caller's
            raise
        got = await _take(session, _shares(counts, min(limit - len(taken), MOST_AT_ONCE)))
        found = without_fillers(got)
        fillers = len(found) < len(got)
        taken += found
    return taken


async def ready_counts(session: Session, queues: Sequence[str]) -> Mapping[str, int]:
    """How many messages of each queue could be delivered now."""
    names = session.names
    counts = await session.topology.counts([names.queue(queue) for queue in queues])
    if None in counts.values():
        await session.topology.repair(queue for queue in queues if counts[names.queue(queue)] is None)
    return {queue: counts[names.queue(queue)] or 0 for queue in queues}


async def _take(session: Session, shares: Mapping[str, int]) -> list[Delivery]:
    taken = await what_can_be_had(_take_from(session, queue, share) for queue, share in shares.items())
    session.connection.check()
    return [delivery for of_one in taken for delivery in of_one]


async def _take_from(session: Session, queue: str, share: int) -> list[Delivery]:
    channel = await session.lessor(queue)
    if share > MOST_GETS:
        return await end(session, channel, [Consumer.begin(session, channel, queue, share)])
    got = await channel.answered([channel.get(queue, session.names.queue(queue)) for _ in range(share)])
    return [delivery for delivery in got if delivery is not None]


def _shares(counts: Mapping[str, int], limit: int) -> Mapping[str, int]:
    shares: dict[str, int] = {}
    for queue, count in counts.items():
        if share := min(count, limit):
            shares[queue] = share
            limit -= share
    return shares
