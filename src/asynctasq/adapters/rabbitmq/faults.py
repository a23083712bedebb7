"""Why the server closed a channel, or lets nobody in."""

import ssl

from pamqp import commands

from asynctasq.adapters.rabbitmq.address import Address
from asynctasq.domain.errors import Unavailable

ACCESS_REFUSED = 403
NOT_FOUND = 404
RESOURCE_LOCKED = 405
PRECONDITION_FAILED = 406

_TRUST = (
    "name its authority with cafile behind the ? of rabbitmq.url, and the host or server_name as its certificate does"
)
_WITHOUT_TLS = "if it speaks TLS there, rabbitmq.url has to begin with amqps://"
_WITH_TLS = "it may want a certificate of yours (certfile and keyfile behind the ? of rabbitmq.url)"


class ChannelLost(Unavailable):
    """The connection lives on."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


class HungUp(Unavailable):
    """The server ended the connection without a word."""


class NotLetIn(Unavailable):
    """The server refuses this user, or is refused for its certificate: the first time it is for a person to mend."""


def closing(address: Address, method: commands.Connection.Close) -> Unavailable:
    """Why the server ends a connection."""
    kind = NotLetIn if method.reply_code == ACCESS_REFUSED else Unavailable
    return kind(f"RabbitMQ at {address} closed the connection: {method.reply_text}")


def unopened(address: Address, error: Exception) -> Unavailable:
    """Why a connection did not come about, with a remedy where there is one."""
    if isinstance(error, NotLetIn):
        return NotLetIn(f"{error}: correct {_who(address)} in rabbitmq.url (ASYNCTASQ_RABBITMQ_URL)")
    told = str(error) or "no answer"
    if not isinstance(error, Unavailable):
        told = f"RabbitMQ at {address} cannot be reached: {told}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return NotLetIn(f"{told}: {_TRUST}")
    if isinstance(error, ssl.SSLError):
        return Unavailable(f"{told}: see that it speaks TLS on the port that rabbitmq.url names")
    if isinstance(error, HungUp | ConnectionResetError):
        return Unavailable(f"{told}: {_WITH_TLS if address.tls else _WITHOUT_TLS}")
    return Unavailable(told)


def _who(address: Address) -> str:
    return "certfile and keyfile" if address.by_certificate else "user and password"
