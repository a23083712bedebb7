"""The arguments of a call as a message's body, and back. The first byte is the version of this format."""

from typing import Any, cast

from asynctasq.domain.errors import AsyncTasQError
from asynctasq.ports.serializer import Serializer

VERSION = 1
_PREFIX = bytes([VERSION])


class CorruptBody(AsyncTasQError, ValueError):
    """No worker will ever be able to read this body."""


class NewerBody(AsyncTasQError, ValueError):
    """A newer worker may be able to read this body."""


class Codec:
    def __init__(self, serializer: Serializer) -> None:
        self._serializer = serializer

    def encode(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
        """Raises `NotSendable` with the path to what cannot travel."""
        return _PREFIX + self._serializer.dumps([[*args], kwargs])

    def decode(self, body: bytes) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What `encode` was given; raises `CorruptBody` or `NewerBody` for anything else."""
        if not body:
            raise CorruptBody("the body is empty")
        version = body[0]
        if version > VERSION:
            raise NewerBody(f"the body has version {version}, this worker reads up to {VERSION}")
        if version < VERSION:
            raise CorruptBody(f"the body has version {version}, which was never used")
        return _checked(self._loads(body[1:]))

    def _loads(self, data: bytes) -> Any:
        try:
            return self._serializer.loads(data)
        except LookupError as error:
            raise NewerBody(f"the body names what is not known here: {error}") from error
        except ValueError as error:
            raise CorruptBody(f"the body cannot be read: {error}") from error


def _checked(value: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if not (isinstance(value, list) and len(cast("list[Any]", value)) == 2):  # noqa: PLR2004 - as `encode` made it
        raise CorruptBody("the body holds no arguments of a call")
    args, kwargs = cast("list[Any]", value)
    if not (isinstance(args, list) and isinstance(kwargs, dict)):
        raise CorruptBody("the body holds no arguments of a call")
    if kwargs and not all(isinstance(name, str) for name in cast("dict[Any, Any]", kwargs)):
        raise CorruptBody("the body names an argument by something that is no text")
    return tuple(cast("list[Any]", args)), cast("dict[str, Any]", kwargs)
