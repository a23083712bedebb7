"""Where the server is and how to speak to it, from a URL."""

import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from attrs import field, frozen

from asynctasq.domain.errors import ConfigurationError

SCHEMES = ("mysql", "mariadb")
DEFAULT_PORT = 3306
OPTIONS = ("charset", "ssl_ca", "ssl_cert", "ssl_key", "ssl_mode", "unix_socket")
MODES = ("DISABLED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")

EXAMPLE = "mysql://user:password@host:3306/database"


@frozen(kw_only=True)
class Address:
    host: str
    port: int
    user: str | None
    password: str = field(repr=False)
    database: str
    unix_socket: str | None = None
    tls: Mapping[str, str] = field(factory=dict[str, str])

    def __str__(self) -> str:
        place = self.unix_socket or f"{self.host}:{self.port}"
        return f"{place}/{self.database}"

    def tls_context(self) -> ssl.SSLContext | None:
        """None for a connection in the clear. Reads the files named."""
        mode = self.tls.get("ssl_mode") or ("VERIFY_CA" if "ssl_ca" in self.tls else "REQUIRED")
        if not self.tls or mode == "DISABLED":
            return None
        try:
            context = ssl.create_default_context(cafile=self.tls.get("ssl_ca"))
            context.check_hostname = mode == "VERIFY_IDENTITY"
            if mode == "REQUIRED":
                context.verify_mode = ssl.CERT_NONE
            if "ssl_cert" in self.tls:
                context.load_cert_chain(self.tls["ssl_cert"], self.tls.get("ssl_key"))
        except OSError as error:  # an SSLError is one too
            raise ConfigurationError(f"mysql dsn: a file named by its ssl options cannot be used ({error})") from error
        return context


def parse(dsn: str | None) -> Address:
    """Raises `ConfigurationError`, in whose text there is nothing secret."""
    if not dsn:
        raise ConfigurationError(f"mysql needs an address: set mysql.dsn or ASYNCTASQ_MYSQL_DSN, as in {EXAMPLE}")
    try:
        parts = urlsplit(dsn)
        port = parts.port
        options = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise ConfigurationError(
            f"mysql dsn cannot be read as a URL such as {EXAMPLE}: is a special character percent-encoded?"
        ) from None
    if parts.scheme not in SCHEMES:
        raise ConfigurationError(f"mysql dsn: must be a URL that begins with mysql:// or mariadb://, as in {EXAMPLE}")
    given = _options({name: values[-1] for name, values in options.items()})
    return Address(
        host=parts.hostname or "localhost",
        port=port or DEFAULT_PORT,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password or ""),
        database=_database(parts.path),
        unix_socket=given.pop("unix_socket", None),
        tls={name: value for name, value in given.items() if name.startswith("ssl_")},
    )


def _database(path: str) -> str:
    name = unquote(path.removeprefix("/"))
    if not name:
        raise ConfigurationError(f"mysql dsn names no database: write it as in {EXAMPLE}")
    return name


def _options(given: Mapping[str, str]) -> dict[str, str]:
    options = {name.replace("-", "_"): value for name, value in given.items()}
    if "ssl" in options:
        options.setdefault("ssl_mode", "DISABLED" if options.pop("ssl").lower() in ("false", "0") else "REQUIRED")
    if unknown := sorted(options.keys() - set(OPTIONS)):
        raise ConfigurationError(f"mysql dsn: unknown option {unknown[0]!r}, known are ssl, {', '.join(OPTIONS)}")
    if "ssl_mode" in options:
        options["ssl_mode"] = options["ssl_mode"].upper()
        if options["ssl_mode"] not in MODES:
            raise ConfigurationError(f"mysql dsn: ssl_mode must be one of {', '.join(MODES)}")
    if "ssl_key" in options and "ssl_cert" not in options:
        raise ConfigurationError("mysql dsn: ssl_key needs ssl_cert too")
    if options.get("charset", "utf8mb4") != "utf8mb4":
        raise ConfigurationError("mysql dsn: charset can only be utf8mb4")
    return options


def arguments(address: Address) -> dict[str, Any]:
    """As the client library takes them."""
    return {
        "host": address.host,
        "port": address.port,
        "user": address.user,
        # The library makes bytes of it as latin-1; the server compares with those of UTF-8.
        "password": address.password.encode().decode("latin-1"),
        "db": address.database,
        "unix_socket": address.unix_socket,
        "ssl": address.tls_context(),
    }
