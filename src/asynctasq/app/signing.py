"""Says who wrote a message, not that it was sent once: an HMAC over all of it that no delivery changes."""

import hmac
import json
from collections.abc import Callable, Sequence

from asynctasq.domain.errors import ConfigurationError
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import ErrorInfo

HEADER = "signature"
FORMAT = "1"

Verify = Callable[[Message], ErrorInfo | None]

_encode = json.JSONEncoder(separators=(",", ":"), sort_keys=True, check_circular=False).encode


class Signer:
    """The first of its keys signs, all of them verify, so that a key can be replaced while messages wait (ADR-0020)."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = tuple(keys)

    def sign(self, message: Message) -> None:
        """Write the signature into the headers. Nothing but its delay may change any more."""
        message.headers = {**message.headers, HEADER: _signature(self._keys[0], _signed_part(message))}

    def verify(self, message: Message) -> ErrorInfo | None:
        """Why this message must not run here, None if one of the keys has signed it as it is."""
        given = message.headers.get(HEADER)
        if given is None:
            return ErrorInfo(
                "Unsigned",
                "it is not signed, and this worker runs only what is: set signing_key where it is dispatched",
            )
        if self._fits(message, given):
            return None
        return ErrorInfo(
            "Forged",
            "its signature fits no key of this worker: it was forged, changed on its way, "
            "or signed with a key that signing_key does not hold here",
        )

    def _fits(self, message: Message, given: str) -> bool:
        try:
            part = _signed_part(message)
        except OverflowError:  # a number that no dispatch ever sent
            return False
        return any(_equal(_signature(key, part), given) for key in self._keys)


def signer_of(setting: str | None) -> Signer | None:
    """Of the setting `signing_key`; None if nothing is to be signed."""
    keys = keys_of(setting)
    return Signer([key.encode(errors="surrogateescape") for key in keys]) if keys else None


def keys_of(setting: str | None) -> Sequence[str]:
    """One key, or several separated by commas."""
    if setting is None:
        return ()
    keys = [key.strip() for key in setting.split(",")]
    if not all(keys):
        raise ConfigurationError("signing_key: an empty key protects nothing; separate keys by single commas")
    return keys


def _signed_part(message: Message) -> bytes:
    """JSON holds no raw line break, so where it ends and the body begins is beyond doubt."""
    policy = message.policy
    fields = [
        message.id,
        message.queue,
        message.task,
        {name: value for name, value in message.headers.items() if name != HEADER},
        message.priority,
        # As floats: whether a queue gives back 60 or 60.0 makes no difference.
        [policy.max_attempts, *map(_float, (policy.delay_seconds, policy.factor, policy.cap_seconds, policy.jitter))],
    ]
    return _encode(fields).encode() + b"\n" + message.body


def _float(number: float | None) -> float | None:
    return None if number is None else float(number)


def _signature(key: bytes, part: bytes) -> str:
    return f"{FORMAT}:{hmac.digest(key, part, 'sha256').hex()}"


def _equal(ours: str, theirs: str) -> bool:
    return hmac.compare_digest(ours.encode(), theirs.encode(errors="surrogatepass"))
