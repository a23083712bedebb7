"""One TCP connection that speaks AMQP 0-9-1: its beginning, its heartbeat, its end. Channels do the rest.

pamqp knows the wire format. The client libraries on top of it wait for every answer before they ask the next
question, so a batch would cost them a round trip per message (ADR-0017).
"""

import asyncio
import logging
import struct
from collections.abc import Awaitable, Sequence
from typing import Protocol, TypeVar, cast

from pamqp import commands
from pamqp.base import Frame
from pamqp.common import FieldTable
from pamqp.exceptions import PAMQPException
from pamqp.frame import marshal, unmarshal
from pamqp.header import ProtocolHeader

from asynctasq.adapters.rabbitmq.address import Address
from asynctasq.adapters.rabbitmq.faults import HungUp, closing, unopened
from asynctasq.adapters.rabbitmq.frames import HEARTBEAT, HEARTBEAT_FRAME, METHOD, frame, split
from asynctasq.domain.errors import Unavailable

log = logging.getLogger("asynctasq.rabbitmq")

T = TypeVar("T")

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 8.0
GOODBYE_SECONDS = 2.0
LARGEST_FRAME = 128 * 1024
MOST_CHANNELS = 2047
CLIENT: FieldTable = {
    "product": "asynctasq",
    "connection_name": "asynctasq",
    "capabilities": {
        "authentication_failure_close": True,
        "basic.nack": True,
        "connection.blocked": True,
        "consumer_cancel_notify": True,
        "publisher_confirms": True,
    },
}


class Receiver(Protocol):
    """What a channel hears from its connection."""

    def on_method(self, payload: bytes) -> None: ...
    def on_header(self, payload: bytes) -> None: ...
    def on_body(self, payload: bytes) -> None: ...
    def on_end(self, error: Unavailable) -> None: ...


class Connection(asyncio.Protocol):
    """Once it has ended, by whichever side, it stays so and `error` says why."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.error: Unavailable | None = None
        self.frame_max = LARGEST_FRAME
        self.server_version: tuple[int, ...] = (0, 0)
        self._loop = asyncio.get_running_loop()
        self._opened = self._loop.create_future()
        self._gone = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._channels: dict[int, Receiver] = {}
        self._rest = b""
        self._heard_at = self._loop.time()
        self._pulse: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, address: Address) -> "Connection":
        """Raises `Unavailable` after at most `CONNECT_SECONDS`."""
        connection = cls(address)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await connection._connect()
        except (OSError, Unavailable) as error:  # a TimeoutError is an OSError
            connection.abort()
            raise unopened(address, error) from error
        except BaseException:
            connection.abort()
            raise
        return connection

    async def _connect(self) -> None:
        tls = self.address.tls
        await self._loop.create_connection(
            lambda: self,
            self.address.host,
            self.address.port,
            ssl=tls.context() if tls else None,
            server_hostname=tls.server_name if tls else None,
        )
        await asyncio.shield(self._opened)

    async def close(self) -> None:
        """Say goodbye, for a short while, and hang up."""
        if self.error is None:
            self.send(0, commands.Connection.Close(200, "goodbye", 0, 0))
            try:
                async with asyncio.timeout(GOODBYE_SECONDS):
                    await self._gone.wait()
            except TimeoutError:
                pass
            finally:
                self.abort()
        await self._gone.wait()

    def abort(self, error: Unavailable | None = None) -> None:
        """Hang up without a word."""
        self._end(error or Unavailable(f"the connection to RabbitMQ at {self.address} was closed"))
        if self._transport is None:
            self._gone.set()
        else:
            self._transport.abort()

    def attach(self, channel: Receiver) -> int:
        """The number that this channel has from now on."""
        for number in range(1, MOST_CHANNELS):
            if number not in self._channels:
                self._channels[number] = channel
                return number
        # Channels that the server does not close as they are asked to add up; a new connection has none of them.
        error = Unavailable(f"all {MOST_CHANNELS} channels of the connection to RabbitMQ are in use")
        self.abort(error)
        raise error

    def detach(self, number: int) -> None:
        """Both sides know that this channel is closed."""
        self._channels.pop(number, None)

    def send(self, channel: int, *frames: Frame) -> None:
        self.write(b"".join(marshal(each, channel) for each in frames))

    def write(self, data: bytes) -> None:
        self.check()
        if self._transport is not None:
            self._transport.write(data)

    async def drain(self) -> None:
        """Return when the server has taken enough of what was written."""
        await self.comes(self._writable)

    async def comes(self, event: asyncio.Event) -> None:
        """Wait for something that the server brings about soon or never."""
        try:
            await bounded(event.wait())
        except TimeoutError as error:
            self.abort(Unavailable(self.silence))
            raise Unavailable(self.silence) from error

    async def answered(self, answers: "Sequence[asyncio.Future[T]]", *, seconds: float = ANSWER_SECONDS) -> list[T]:
        """All these answers. Where one does not come, nobody knows what stands, and the connection is given up."""
        try:
            await bounded(asyncio.wait(answers), seconds)
        except TimeoutError:
            self.abort(Unavailable(self.silence))
        return [answer.result() for answer in answers]

    async def confirmed(self, confirm: "asyncio.Future[None]") -> None:
        """A queue that cannot confirm for now says nothing about the connection."""
        try:
            await bounded(asyncio.wait([confirm]))
        except TimeoutError as error:
            raise Unavailable(f"{self.silence} to what was published") from error
        confirm.result()

    def check(self) -> None:
        if self.error is not None:
            raise Unavailable(str(self.error)) from self.error

    @property
    def silence(self) -> str:
        return f"RabbitMQ at {self.address} gave no answer for {ANSWER_SECONDS:g} s"

    # What the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport is one in all but its class.
        self._transport = cast("asyncio.Transport", transport)
        if self.error is not None:
            self._transport.abort()
            return
        self._transport.write(ProtocolHeader().marshal())

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        try:
            frames, self._rest = split(self._rest + data)
            for kind, channel, payload in frames:
                self._receive(kind, channel, payload)
        except (PAMQPException, ValueError, KeyError, IndexError, struct.error) as error:
            self.abort(Unavailable(f"RabbitMQ at {self.address} sent what cannot be understood: {error}"))

    def connection_lost(self, exc: Exception | None) -> None:
        reason = f": {exc}" if exc else ""
        self._end(HungUp(f"RabbitMQ at {self.address} has hung up{reason}"))
        self._gone.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _receive(self, kind: int, number: int, payload: bytes) -> None:
        if kind == HEARTBEAT:
            return
        if number == 0:
            self._on_method(unmarshal(frame(METHOD, 0, payload))[2])
            return
        channel = self._channels.get(number)
        if channel is None:
            return  # the rest of what was under way when the channel closed
        match kind:
            case 1:
                channel.on_method(payload)
            case 2:
                channel.on_header(payload)
            case 3:
                channel.on_body(payload)
            case _:
                raise ValueError(f"a frame of kind {kind}")

    def _on_method(self, method: object) -> None:
        match method:
            case commands.Connection.Start():
                self._on_start(method)
            case commands.Connection.Tune():
                self._on_tune(method)
            case commands.Connection.OpenOk():
                if not self._opened.done():
                    self._opened.set_result(None)
            case commands.Connection.Close():
                self.send(0, commands.Connection.CloseOk())
                self._end(closing(self.address, method))
                self._hang_up()
            case commands.Connection.CloseOk():
                self._end(Unavailable(f"the connection to RabbitMQ at {self.address} was closed"))
                self._hang_up()
            case commands.Connection.Blocked():
                log.warning("RabbitMQ at %s takes no messages for now: %s", self.address, method.reason)
            case _:
                pass

    def _on_start(self, method: commands.Connection.Start) -> None:
        version = str((method.server_properties or {}).get("version", "0.0"))
        self.server_version = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
        self.send(0, commands.Connection.StartOk(CLIENT, self.address.mechanism, self.address.response, "en_US"))

    def _on_tune(self, method: commands.Connection.Tune) -> None:
        self.frame_max = min(method.frame_max or LARGEST_FRAME, LARGEST_FRAME)
        channel_max = min(method.channel_max or MOST_CHANNELS, MOST_CHANNELS)
        heartbeat = self.address.heartbeat_seconds
        self.send(
            0,
            commands.Connection.TuneOk(channel_max, self.frame_max, heartbeat),
            commands.Connection.Open(self.address.vhost),
        )
        if heartbeat:
            self._beat(heartbeat)

    def _beat(self, heartbeat: float) -> None:
        """Half of what was agreed on is the pace; two of them without a sign of life are the end."""
        if self.error is not None:
            return
        if self._loop.time() - self._heard_at > 2 * heartbeat:
            self.abort(Unavailable(f"RabbitMQ at {self.address} gave no sign of life for {2 * heartbeat:g} s"))
            return
        self.write(HEARTBEAT_FRAME)
        self._pulse = self._loop.call_later(heartbeat / 2, self._beat, heartbeat)

    def _hang_up(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _end(self, error: Unavailable) -> None:
        if self.error is not None:
            return
        self.error = error
        self._writable.set()
        if self._pulse is not None:
            self._pulse.cancel()
        if not self._opened.done():
            self._opened.set_exception(error)
            self._opened.exception()  # a connection given up while it opened has nobody who asks
        channels, self._channels = self._channels, {}
        for channel in channels.values():
            channel.on_end(error)


async def bounded(wait: Awaitable[object], seconds: float = ANSWER_SECONDS) -> None:
    """Raises `TimeoutError` if it takes longer than an answer of the server may."""
    async with asyncio.timeout(seconds):
        await wait
