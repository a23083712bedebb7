"""The four verbs on quorum queues of RabbitMQ."""

import asyncio
from collections.abc import Sequence

from asynctasq.adapters.rabbitmq import leasing, settling
from asynctasq.adapters.rabbitmq.address import parse
from asynctasq.adapters.rabbitmq.admin import RabbitmqAdmin
from asynctasq.adapters.rabbitmq.envelope import Envelope, Record
from asynctasq.adapters.rabbitmq.faults import NotLetIn
from asynctasq.adapters.rabbitmq.finishing import to_the_end, what_can_be_had
from asynctasq.adapters.rabbitmq.leasing import Request
from asynctasq.adapters.rabbitmq.session import Session
from asynctasq.adapters.rabbitmq.standing import Standing
from asynctasq.adapters.rabbitmq.topology import ELECTION_ATTEMPTS, Names
from asynctasq.domain.errors import Closed, ConfigurationError, Unavailable
from asynctasq.domain.lease import Lease
from asynctasq.domain.message import IdempotencyKey, Message
from asynctasq.domain.options import QUEUE_NAME
from asynctasq.domain.verdict import Reason, Refusal, Release, Verdict
from asynctasq.domain.wire import dumps_header
from asynctasq.ports.queue import Capabilities, Queue

MAX_BODY_BYTES = 8 * 1024 * 1024
LONGEST_ID_BYTES = 255
LONGEST_EXCHANGE_BYTES = 120


class RabbitmqQueue(Queue):
    """Any number of processes share a virtual host and the exchange that their tasks are published to.

    A lease lasts as long as the connection that took it, whatever its length. Delays are rounded up to whole
    `delay_unit_seconds`. With `prefetch_count` a client holds no more unsettled messages than that.
    """

    # A server of version 4 refuses messages above 16 MiB, and a dead letter has its error with it.
    capabilities = Capabilities(
        orders_queues=False,
        priorities=False,
        leases_expire=False,
        deduplicates=False,
        remembers_senders=False,
        effects=False,
        max_body_bytes=MAX_BODY_BYTES,
    )

    def __init__(
        self,
        url: str = "amqp://guest:guest@localhost:5672/",
        *,
        exchange_name: str = "asynctasq",
        prefetch_count: int | None = None,
        delay_unit_seconds: float = 1.0,
    ) -> None:
        if not 0 < len(exchange_name.encode()) <= LONGEST_EXCHANGE_BYTES:
            raise ConfigurationError(f"exchange_name={exchange_name!r}: must have 1 to {LONGEST_EXCHANGE_BYTES} bytes")
        self._address = parse(url)
        self._names = Names(exchange_name)
        self._prefetch_count = prefetch_count
        self._unit_seconds = delay_unit_seconds
        self._standing: Standing | None = None
        self._connecting = asyncio.Lock()
        self._closed = False
        self._leasing: dict[asyncio.Task[Sequence[Lease]], Request] = {}
        self._admin = RabbitmqAdmin(str(self), self._names, self._connected)

    def __str__(self) -> str:
        return f"rabbitmq {self._address} exchange {self._names.exchange}"

    def __repr__(self) -> str:
        return f"<RabbitmqQueue {self._address} exchange {self._names.exchange}>"

    @property
    def admin(self) -> RabbitmqAdmin:
        return self._admin

    async def open(self) -> None:
        await self._connected()

    async def close(self) -> None:
        """A `lease` that waits gives back what comes to it, before the connection goes."""
        self._closed = True
        for request in self._leasing.values():
            request.stop()
        if self._leasing:
            await asyncio.wait(list(self._leasing))
        standing, self._standing = self._standing, None
        if standing is not None:
            await to_the_end(_hang_up(standing))

    async def ping(self) -> None:
        session = await self._connected()
        await (await session.publisher()).sync()

    async def enqueue(
        self,
        messages: Sequence[Message],
        *,
        key: IdempotencyKey | None = None,  # noqa: ARG002 - the server remembers no senders
    ) -> Sequence[Refusal]:
        session = await self._connected()
        objections = [_objection(message) for message in messages]
        accepted = [message for message, refusal in zip(messages, objections, strict=True) if refusal is None]
        if accepted:
            await session.topology.ensure(message.queue for message in accepted)
            publications = [
                # Nothing is sent here; only the first long delay makes anything wait, for its levels.
                await session.publication(
                    message.queue,
                    message.id,
                    Envelope(Record(), dumps_header(message), message.body),
                    None,
                    delay_seconds=message.delay_seconds,
                )
                for message in accepted
            ]
            await session.publish(await session.publisher(), publications, attempts=ELECTION_ATTEMPTS)
        return [refusal for refusal in objections if refusal is not None]

    async def lease(
        self, queues: Sequence[str], *, limit: int, lease_seconds: float, owner: str, wait: float = 0.0
    ) -> Sequence[Lease]:
        standing = await self._attended()
        request = Request(
            queues=list(dict.fromkeys(queues)),
            limit=limit,
            lease_seconds=lease_seconds,
            owner=owner,
            deadline=asyncio.get_running_loop().time() + wait,
            most_held=self._prefetch_count,
        )
        # Never cancelled, only told to stop: what is on its way from the server must be taken and given back.
        task = asyncio.ensure_future(leasing.lease(standing, request))
        self._leasing[task] = request
        task.add_done_callback(self._leasing.pop)
        try:
            leases = await asyncio.shield(task)
        except asyncio.CancelledError:
            request.stop()
            await to_the_end(_take_back(standing, task))
            raise
        except Unavailable:
            self._check()
            raise
        if self._closed:
            await to_the_end(_give_back(standing, leases))
            self._check()
        return leases

    async def extend(self, leases: Sequence[Lease], *, lease_seconds: float) -> Sequence[Refusal]:  # noqa: ARG002
        """Nothing here ends by itself, so this asks whether the server still sees the channels that delivered."""
        session = await self._connected()
        held = [session.get(lease.token) for lease in leases]
        await what_can_be_had(each.sync() for each in {each.delivery.channel for each in held if each is not None})
        session.connection.check()
        return [
            settling.lost(lease)
            for lease, each in zip(leases, held, strict=True)
            if each is None or each.delivery.channel.error is not None
        ]

    async def settle(self, verdicts: Sequence[Verdict]) -> Sequence[Refusal]:
        standing = await self._attended()
        if any(isinstance(verdict, Release) for verdict in verdicts):
            # Who gives back may be about to run what will kill him: what comes now would pay for it.
            await to_the_end(standing.silence())
        return await to_the_end(settling.settle(standing.session, verdicts))

    async def _connected(self) -> Session:
        return (await self._attended()).session

    async def _attended(self) -> Standing:
        """A connection that lives, as far as anybody knows, and who waits on it."""
        async with self._connecting:
            self._check()
            standing = self._standing
            if standing is None or standing.session.connection.error is not None:
                try:
                    session = await Session.open(self._address, self._names, self._unit_seconds)
                except (NotLetIn, ConfigurationError) as error:
                    # Who was let in before may be again, once a password or a certificate has been changed.
                    raise (ConfigurationError if standing is None else Unavailable)(str(error)) from error
                standing = self._standing = Standing(session)
            return standing

    def _check(self) -> None:
        if self._closed:
            raise Closed(f"{self} is closed")


async def _hang_up(standing: Standing) -> None:
    await standing.silence()
    await standing.session.close()


async def _take_back(standing: Standing, task: "asyncio.Task[Sequence[Lease]]") -> None:
    await asyncio.wait([task])
    if task.exception() is None:
        await _give_back(standing, task.result())


async def _give_back(standing: Standing, leases: Sequence[Lease]) -> None:
    # First nobody may stand any more: what is given back would come to him at once.
    await standing.silence()
    try:
        releases = [Release(lease, skewed_seconds=lease.skewed_seconds) for lease in leases]
        await settling.settle(standing.session, releases)
    except Unavailable:
        for lease in leases:
            if held := standing.session.claim(lease.token):
                held.delivery.astray()


def _objection(message: Message) -> Refusal | None:
    """Why no server could take this message."""
    if len(message.body) > MAX_BODY_BYTES:
        text = f"the body has {len(message.body)} bytes, the queue takes {MAX_BODY_BYTES}"
        return Refusal(message.id, "", Reason.TOO_LARGE, text)
    if not (0 < len(message.id.encode(errors="replace")) <= LONGEST_ID_BYTES and message.id.isprintable()):
        return Refusal(message.id, "", Reason.INVALID, f"its id is not text of 1 to {LONGEST_ID_BYTES} bytes")
    if not QUEUE_NAME.fullmatch(message.queue):
        return Refusal(message.id, "", Reason.INVALID, "its queue has a name that no queue can have")
    return None
