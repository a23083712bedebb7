"""Where a database is, as it may be shown: without the user, the password and the options."""

from collections.abc import Set
from urllib.parse import parse_qs, urlsplit


def place_of(dsn: str | None) -> str:
    """`postgres host:port/database`, as far as that can be told."""
    try:
        parts = urlsplit(dsn or "")
    except ValueError:
        return "postgres"
    hosts = parts.netloc.rpartition("@")[2]
    if not hosts or "@" in parts.path:
        # A password that should have been percent-encoded may be anywhere.
        return "postgres"
    return f"postgres {hosts}{parts.path}"


def options_of(dsn: str) -> Set[str]:
    """The names of what the DSN itself says behind its question mark."""
    return parse_qs(urlsplit(dsn).query).keys()
