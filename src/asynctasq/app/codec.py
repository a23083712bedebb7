"""The arguments of a call as a message's body, and back. The first byte is the version of this format."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from attrs import define

from asynctasq.domain.errors import AsyncTasQError
from asynctasq.ports.models import Loaded, ModelRef, Refer, ReferenceSerializer
from asynctasq.ports.serializer import Serializer

PLAIN = 1
WITH_REFERENCES = 2
"""Only a body of this version is searched for references to models."""

_PLAIN = bytes([PLAIN])
_WITH_REFERENCES = bytes([WITH_REFERENCES])

T = TypeVar("T")


class CorruptBody(AsyncTasQError, ValueError):
    """No worker will ever be able to read this body."""


class NewerBody(AsyncTasQError, ValueError):
    """A newer worker may be able to read this body."""


class Codec:
    """`refer` is as `ModelResolver.reference`. With a serializer that knows no references no model can travel."""

    def __init__(self, serializer: Serializer, refer: Refer | None = None) -> None:
        self._serializer = serializer
        self._referring = serializer if isinstance(serializer, ReferenceSerializer) else None
        self._refer = refer
        self._latest = WITH_REFERENCES if refer and self._referring else PLAIN

    def encode(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
        """Raises `NotSendable` with the path to what cannot travel."""
        if self._refer is None or self._referring is None:
            return _PLAIN + self._serializer.dumps([[*args], kwargs])
        noting = _Noting(self._refer)
        data = self._referring.dumps([[*args], kwargs], noting.refer)
        return (_WITH_REFERENCES if noting.met else _PLAIN) + data

    def references(self, body: bytes) -> Sequence[ModelRef]:
        """To the models that `decode` has to be given, each once. Raises what `decode` raises."""
        referring = self._referring
        if body[:1] != _WITH_REFERENCES or self._latest == PLAIN or referring is None:
            return ()
        return _translated(lambda: referring.references(body[1:]))

    def decode(self, body: bytes, models: Loaded | None = None) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What `encode` was given; raises `CorruptBody` or `NewerBody` for anything else."""
        if not body:
            raise CorruptBody("the body is empty")
        version = body[0]
        if version > self._latest:
            raise NewerBody(f"the body has version {version}, this worker reads up to {self._latest}")
        if version < PLAIN:
            raise CorruptBody(f"the body has version {version}, which was never used")
        referring = self._referring
        if version == PLAIN or referring is None:
            return _checked(_translated(lambda: self._serializer.loads(body[1:])))
        return _checked(_translated(lambda: referring.loads(body[1:], models or {})))


@define
class _Noting:
    """Asks, and remembers whether the answer was ever a reference."""

    _refer: Refer
    met: bool = False

    def refer(self, value: object) -> ModelRef | None:
        reference = self._refer(value)
        self.met = self.met or reference is not None
        return reference


def _translated(read: Callable[[], T]) -> T:
    try:
        return read()
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
