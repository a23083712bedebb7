"""What becomes of deliveries: copies first, confirmed, then acks. A crash in between duplicates and never loses."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import assert_never

from attrs import define, evolve

from asynctasq.adapters.rabbitmq.channel import Channel
from asynctasq.adapters.rabbitmq.envelope import Record, pack
from asynctasq.adapters.rabbitmq.finishing import side_by_side
from asynctasq.adapters.rabbitmq.frames import Publication
from asynctasq.adapters.rabbitmq.session import Held, Session
from asynctasq.domain.errors import Unavailable
from asynctasq.domain.lease import Lease
from asynctasq.domain.verdict import Ack, Bury, Cancel, Reason, Refusal, Release, Retry, Verdict


@define
class Settlement:
    """What becomes of one delivery. Without a copy the message is gone."""

    held: Held
    copy: Publication | None


async def settle(session: Session, verdicts: Sequence[Verdict]) -> Sequence[Refusal]:
    """Bounded in time; it must not be cancelled."""
    refusals: list[Refusal] = []
    claimed: list[tuple[Verdict, Held]] = []
    for verdict in verdicts:
        lease = verdict.lease
        if not isinstance(verdict, Release) and verdict.effects:
            refusals.append(_refusal(lease, Reason.INVALID, "RabbitMQ cannot enqueue in the same step as it settles"))
        elif held := session.claim(lease.token):
            claimed.append((verdict, held))
        else:
            refusals.append(lost(lease))
    try:
        gone = await carry_out(session, [await _settlement(session, held, verdict) for verdict, held in claimed])
    except BaseException:
        # Those that were acked before it failed are not live any more, and are refused when this is repeated.
        for verdict, held in claimed:
            session.unclaim(verdict.lease.token, held)
        raise
    return refusals + [lost(verdict.lease) for verdict, held in claimed if held in gone]


async def carry_out(session: Session, settlements: Iterable[Settlement]) -> Collection[Held]:
    """Returns when the server knows of all of them, but for what it returns: the channel of that ended meanwhile."""
    by_channel: defaultdict[Channel, list[Settlement]] = defaultdict(list)
    for each in settlements:
        by_channel[each.held.delivery.channel].append(each)
    done = await side_by_side(_carry_out_on(session, channel, batch) for channel, batch in by_channel.items())
    return [
        each.held for batch, is_done in zip(by_channel.values(), done, strict=True) if not is_done for each in batch
    ]


async def put_back(session: Session, unstarted: Sequence[Held]) -> None:
    """To their queues, as if they had never been delivered; what is not due yet waits on.

    What no queue takes, for want of a leader, is left to whoever asks next.
    """
    try:
        await carry_out(session, [await _unstarted(session, held) for held in unstarted])
    except BaseException:
        for held in unstarted:
            held.delivery.astray()
        raise


def lost(lease: Lease) -> Refusal:
    """What to answer about a lease that has ended."""
    return _refusal(lease, Reason.LOST, "the channel that delivered it is gone, or it was settled before")


async def _carry_out_on(session: Session, channel: Channel, settlements: Sequence[Settlement]) -> bool:
    """Whether the channel lasted so long."""
    copies = [each.copy for each in settlements if each.copy is not None]
    try:
        channel.ack([each.held.delivery for each in settlements if each.copy is None])
        if copies:
            await session.publish(channel, copies)
            channel.ack([each.held.delivery for each in settlements if each.copy is not None])
        # An ack has no answer. What comes after it on its channel has one.
        await channel.sync()
    except Unavailable:
        if channel.error is None or session.connection.error is not None:
            raise
        return False
    return True


async def _settlement(session: Session, held: Held, verdict: Verdict) -> Settlement:
    if isinstance(verdict, Ack):
        return Settlement(held, None)
    record = evolve(held.envelope.record, attempt=held.attempt, worker=held.owner)
    match verdict:
        case Retry(delay_seconds=delay_seconds, error=error):
            record = evolve(record, failures=record.failures + 1, error=error.storable())
            return await _later(session, held, record, delay_seconds)
        case Release(delay_seconds=delay_seconds, skewed_seconds=skewed_seconds):
            record = evolve(record, attempt=held.attempt - 1, skewed_seconds=skewed_seconds)
            return await _later(session, held, record, delay_seconds)
        case Bury(error=error):
            return _among_the_dead(session, held, evolve(record, error=error.storable()))
        case Cancel():
            return _among_the_dead(session, held, evolve(record, cancelled=True))
        case _:
            assert_never(verdict)


async def _unstarted(session: Session, held: Held) -> Settlement:
    record = evolve(held.envelope.record, attempt=held.attempt - 1, later_seconds=0.0)
    return await _later(session, held, record, held.envelope.record.later_seconds)


async def _later(session: Session, held: Held, record: Record, delay_seconds: float) -> Settlement:
    queue = held.delivery.queue
    copy = await session.publication(queue, held.id, held.envelope, record, delay_seconds=delay_seconds)
    return Settlement(held, copy)


def _among_the_dead(session: Session, held: Held, record: Record) -> Settlement:
    queue = held.delivery.queue
    body = pack(held.envelope.header, held.envelope.body, record)
    return Settlement(held, Publication(queue, "", session.names.dead(queue), held.id, body))


def _refusal(lease: Lease, reason: Reason, text: str) -> Refusal:
    return Refusal(lease.message.id, lease.token, reason, text)
