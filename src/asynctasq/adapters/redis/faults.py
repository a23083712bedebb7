"""Why nobody answers who should, as far as the client library lets it be told, and what to look at."""

import re
import ssl
from collections.abc import Iterator

from redis import exceptions

_WHO = "correct user and password in redis.url (ASYNCTASQ_REDIS_URL), or redis.password"
_TRUST = "name its authority with ssl_ca_certs behind the ? of redis.url, and the host as its certificate does"
_WITHOUT_TLS = "if it speaks TLS, redis.url has to begin with rediss://"
_WITH_TLS = (
    "see that it speaks TLS on this port, and give it a certificate of yours if it wants one "
    "(ssl_certfile and ssl_keyfile behind the ? of redis.url)"
)
_ELSEWHERE = re.compile("(^|-)(READONLY|MASTERDOWN|LOADING|NOREPLICAS|MOVED|CLUSTERDOWN) ")
"""Redis before 7.0 wraps what a script was told, and leaves the hyphen in front."""
_MISUNDERSTOOD = (ConnectionResetError, TimeoutError, ssl.SSLError)


def lets_nobody_in(error: Exception) -> bool:
    """Whether it is for a person to mend, at least at the first time."""
    return isinstance(error, exceptions.AuthenticationError) or _is_untrusted(error)


def leads_elsewhere(error: Exception) -> bool:
    """Whether this server has nothing to say (any more) in what is written: the address may lead to another by now."""
    return bool(_ELSEWHERE.search(str(error)))


def told(error: Exception, *, tls: bool, reached: bool) -> str:
    """What the library says, with a remedy. `reached`: somebody there has answered before."""
    text = str(error).rstrip(".")
    if isinstance(error, exceptions.AuthenticationError):
        return f"{text}: {_WHO}"
    if _is_untrusted(error):
        return f"{text}: {_TRUST}"
    if reached or type(error) not in (exceptions.ConnectionError, exceptions.TimeoutError):
        return text
    if any(isinstance(origin, OSError) and not isinstance(origin, _MISUNDERSTOOD) for origin in _origins(error)):
        return text  # nobody is there
    return f"{text}: {_WITH_TLS if tls else _WITHOUT_TLS}"


def _is_untrusted(error: Exception) -> bool:
    return any(isinstance(origin, ssl.SSLCertVerificationError) for origin in _origins(error))


def _origins(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
