"""What went wrong on the way to PostgreSQL or there, in our words."""

import ssl
from typing import Final
from urllib.parse import parse_qs, urlsplit

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - it has none

from asynctasq.domain.errors import AsyncTasQError, ConfigurationError, Unavailable

COMMAND: Final = "asynctasq migrate --driver postgres"

_ABSENT = {"42P01", "42703", "3F000"}
"""No such table, column or schema."""
_LASTING = {"28000", "28P01", "3D000", "42501"}
"""Who we are and what we may do: only a person can mend it."""
_PASSING = ("08", "0A", "25", "26", "40", "53", "55", "57", "58", "XX")
"""Classes of what another moment may mend: the connection, a plan, locks, resources, an operator, a crashed server."""
_POOLER = {"26000", "42P05"}
"""A prepared statement that is not there, or is there already: somebody lends one connection to many."""


def state_of(error: BaseException) -> str:
    """The five letters of PostgreSQL for it, or none."""
    return getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or ""  # the latter is psycopg2's


def is_from_pooler(error: BaseException) -> bool:
    """Whether only something between us and the server says this."""
    return state_of(error) in _POOLER or _refuses_settings(error)


def is_over(error: BaseException) -> bool:
    """Whether nothing more can be expected of the connection."""
    if not isinstance(error, asyncpg.PostgresError):
        return True
    return state_of(error)[:2] in ("08", "25", "57", "58", "XX") or is_from_pooler(error)


def opening_fault(error: Exception, place: str, dsn: str) -> AsyncTasQError:
    """Of an attempt to connect."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return ConfigurationError(
            f"{place} is not trusted: {error}; "
            "name its authority with sslrootcert behind the ? of postgres.dsn, and the host as its certificate does"
        )
    if isinstance(error, OSError) and (unusable := _unusable_file(dsn)):
        return ConfigurationError(f"postgres.dsn: a file named by its ssl options cannot be used ({unusable})")
    if isinstance(error, ValueError):
        return ConfigurationError(f"postgres.dsn cannot be used: {error}")
    if state_of(error) in _LASTING or _refuses_settings(error):
        return ConfigurationError(f"{place} lets nobody in: {error}; correct postgres.dsn or the rights there")
    return fault(error, place)


def fault(error: Exception, place: str) -> AsyncTasQError:
    """Of a call."""
    if state_of(error) in _ABSENT:
        return Unavailable(f"{place} has lost a table of its queue ({error}): run {COMMAND}")
    if state_of(error) in _LASTING or state_of(error).startswith(_PASSING) or is_from_pooler(error):
        return Unavailable(f"{place} cannot do it now: {error}")
    if isinstance(error, asyncpg.PostgresError) or _is_bad_argument(error):
        return AsyncTasQError(f"{place} does not take it: {error}")
    return Unavailable(f"{place} gives no answer: {str(error) or type(error).__name__}")


def _unusable_file(dsn: str) -> OSError | None:
    """What asyncpg says of the network and of files looks alike, so the files are read once more."""
    options = {name: values[-1] for name, values in parse_qs(urlsplit(dsn).query).items()}
    try:
        context = ssl.create_default_context(cafile=options.get("sslrootcert"))
        if "sslcert" in options:
            password = options.get("sslpassword", "")
            context.load_cert_chain(options["sslcert"], options.get("sslkey"), lambda: password)
    except OSError as error:
        return error
    return None


def _refuses_settings(error: BaseException) -> bool:
    return "startup parameter" in str(error).lower()


def _is_bad_argument(error: Exception) -> bool:
    return isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)
