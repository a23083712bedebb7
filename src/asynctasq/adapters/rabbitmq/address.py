"""Where a server is and how to get in, read from an `amqp://` or `amqps://` URL."""

import ssl
from collections.abc import Mapping
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from attrs import field, frozen

from asynctasq.domain.errors import ConfigurationError

PORTS: Mapping[str, int] = {"amqp": 5672, "amqps": 5671}
HEARTBEAT_SECONDS = 30
LONGEST_HEARTBEAT_SECONDS = 65535
OPTIONS = frozenset({"heartbeat", "cafile", "certfile", "keyfile", "verify", "server_name"})
ALIASES: Mapping[str, str] = {
    "cacertfile": "cafile",
    "server_name_indication": "server_name",
}
VERIFY: Mapping[str, bool] = {"verify_peer": True, "verify_none": False}


@frozen(kw_only=True)
class Tls:
    """What the options of an `amqps://` URL say. The certificate of the server is verified unless they deny it."""

    cafile: str | None = None
    certfile: str | None = None
    keyfile: str | None = None
    verify: bool = True
    server_name: str

    def context(self) -> ssl.SSLContext:
        """Reads the files named."""
        try:
            context = ssl.create_default_context(cafile=self.cafile)
            if self.certfile:
                context.load_cert_chain(self.certfile, self.keyfile)
        except OSError as error:  # an SSLError is one too
            raise ConfigurationError(f"a file named by the RabbitMQ URL cannot be used ({error})") from error
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


@frozen(kw_only=True)
class Address:
    host: str
    port: int
    vhost: str = "/"
    user: str = "guest"
    password: str = field(default="guest", repr=False)
    heartbeat_seconds: int = HEARTBEAT_SECONDS
    tls: Tls | None = None
    by_certificate: bool = False
    """The client's certificate says who it is (mechanism EXTERNAL)."""

    def __str__(self) -> str:
        scheme = "amqps" if self.tls else "amqp"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}/{'' if self.vhost == '/' else self.vhost}"

    @property
    def mechanism(self) -> str:
        return "EXTERNAL" if self.by_certificate else "PLAIN"

    @property
    def response(self) -> str:
        return "" if self.by_certificate else f"\0{self.user}\0{self.password}"


def parse(url: str) -> Address:
    """Raises `ConfigurationError`, in words that do not repeat the URL: it may hold a password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigurationError("the RabbitMQ URL cannot be read: is a special character percent-encoded?") from None
    if parts.scheme not in PORTS:
        raise ConfigurationError("the RabbitMQ URL must begin with amqp:// or amqps://")
    options = _options(parts.query)
    tls = _tls(parts, options) if parts.scheme == "amqps" else None
    return Address(
        host=parts.hostname or "localhost",
        port=port or PORTS[parts.scheme],
        vhost=unquote(parts.path.removeprefix("/")) or "/",
        user=unquote(parts.username or "guest"),
        password=unquote(parts.password if parts.password is not None else "guest"),
        heartbeat_seconds=_heartbeat(options.get("heartbeat")),
        tls=tls,
        by_certificate=bool(tls and tls.certfile and not parts.username),
    )


def _options(query: str) -> Mapping[str, str]:
    options = {ALIASES.get(name, name): value for name, value in parse_qsl(query, keep_blank_values=True)}
    if unknown := options.keys() - OPTIONS:
        known = ", ".join(sorted(OPTIONS))
        raise ConfigurationError(f"the RabbitMQ URL has no option {min(unknown)!r}; it has {known}")
    return options


def _tls(parts: SplitResult, options: Mapping[str, str]) -> Tls:
    verify = options.get("verify", "verify_peer")
    if verify not in VERIFY:
        raise ConfigurationError(f"verify={verify!r} in the RabbitMQ URL: must be {' or '.join(VERIFY)}")
    return Tls(
        cafile=options.get("cafile"),
        certfile=options.get("certfile"),
        keyfile=options.get("keyfile"),
        verify=VERIFY[verify],
        server_name=options.get("server_name") or parts.hostname or "localhost",
    )


def _heartbeat(text: str | None) -> int:
    if text is None:
        return HEARTBEAT_SECONDS
    if not (text.isascii() and text.isdigit() and int(text) <= LONGEST_HEARTBEAT_SECONDS):
        raise ConfigurationError(f"heartbeat={text!r} in the RabbitMQ URL: must be whole seconds, 0 for none")
    return int(text)
