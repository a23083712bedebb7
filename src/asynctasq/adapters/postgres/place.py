"""Where a database is, as it may be shown: without the user, the password and the options."""

from collections.abc import Set
from urllib.parse import parse_qs, urlsplit

NOWHERE = "postgres"
"""Where a DSN leads that cannot be read."""


def place_of(dsn: str | None) -> str:
    """`postgres host:port/database`, as far as that can be told."""
    try:
        parts = urlsplit(dsn or "")
    except ValueError:
        return NOWHERE
    hosts = parts.netloc.rpartition("@")[2]
    if not hosts or "@" in parts.path + parts.query + parts.fragment:
        # A password that should have been percent-encoded may be anywhere.
        return NOWHERE
    return f"postgres {hosts}{parts.path}"


def options_of(dsn: str) -> Set[str]:
    """The names of what the DSN itself says behind its question mark."""
    return parse_qs(urlsplit(dsn).query).keys()
