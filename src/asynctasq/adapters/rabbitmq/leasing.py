"""From deliveries to leases: what one call of `lease` does, to its end and never further."""

import asyncio
import contextlib
from collections.abc import Sequence

from attrs import define, field

from asynctasq.adapters.rabbitmq.deliveries import Delivery
from asynctasq.adapters.rabbitmq.session import Held, Session
from asynctasq.adapters.rabbitmq.settling import put_back
from asynctasq.adapters.rabbitmq.standing import Standing
from asynctasq.adapters.rabbitmq.taking import take_now
from asynctasq.domain.errors import Unavailable
from asynctasq.domain.lease import Lease
from asynctasq.domain.wire import loads_message


@define(eq=False, kw_only=True)
class Request:
    """What was asked for. `news` is set when it is worth looking again, or when the call is to end."""

    queues: Sequence[str]
    limit: int
    lease_seconds: float
    owner: str
    deadline: float
    most_held: int | None
    news: asyncio.Event = field(init=False, factory=asyncio.Event)
    stopped: bool = field(init=False, default=False)

    @property
    def seconds_left(self) -> float:
        return 0.0 if self.stopped else self.deadline - asyncio.get_running_loop().time()

    def stop(self) -> None:
        self.stopped = True
        self.news.set()

    def room(self, held_count: int) -> int:
        return self.limit if self.most_held is None else min(self.limit, self.most_held - held_count)


async def lease(standing: Standing, request: Request) -> Sequence[Lease]:
    """Bounded in time; it must not be cancelled, but `stop` may be called on its request.

    Consumers may stand after it.
    """
    session = standing.session
    await session.topology.ensure(request.queues)
    # Once: what is not for this caller and no queue takes back is astray again, and must not keep the others waiting.
    leases = await _start(session, request, session.strays())
    while not leases:
        leases = await _start(session, request, await _take(standing, request))
        if request.seconds_left <= 0:
            break
    return leases


async def _take(standing: Standing, request: Request) -> Sequence[Delivery]:
    session = standing.session
    room = request.room(session.held_count)
    if request.seconds_left > 0:
        return await _await_some(standing, request, room)
    # Who does not wait may not ask again, and what is there may be on its way to those who stand.
    await standing.silence()
    return await take_now(session, request.queues, room)


async def _await_some(standing: Standing, request: Request, room: int) -> Sequence[Delivery]:
    request.news.clear()
    if room <= 0:
        with standing.session.bell(request.news):
            await _rest(request)
        return []
    with standing.caller(request.queues, request.news):
        if taken := standing.collect(request.queues, room):
            return taken
        if not standing.cover(request.queues):
            await standing.widen(request.queues, room)
        await _rest(request)
        return standing.collect(request.queues, room)


async def _rest(request: Request) -> None:
    """Until there is news, or the time is over."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(request.seconds_left):
            await request.news.wait()


async def _start(session: Session, request: Request, deliveries: Sequence[Delivery]) -> Sequence[Lease]:
    """Leases of what can start; the rest goes back unstarted."""
    leases: list[Lease] = []
    others: list[Held] = []
    room = request.room(session.held_count)
    for delivery in deliveries:
        if not delivery.live:
            continue
        held = Held.of(delivery, request.owner)
        is_due = not held.envelope.record.later_seconds
        if is_due and delivery.queue in request.queues and len(leases) < room:
            leases.append(_lease(session.hold(held), held, request.lease_seconds))
        else:
            others.append(held)
    if others:
        with contextlib.suppress(Unavailable):  # the leases are there all the same
            await put_back(session, others)
    return leases


def _lease(token: str, held: Held, lease_seconds: float) -> Lease:
    envelope = held.envelope
    message, defect = loads_message(held.id, held.delivery.queue, envelope.header, envelope.body)
    return Lease(
        message,
        token,
        attempt=held.attempt,
        failures=envelope.record.failures,
        lease_seconds=lease_seconds,
        skewed_seconds=envelope.record.skewed_seconds,
        defect=defect,
    )
