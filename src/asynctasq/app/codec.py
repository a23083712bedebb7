"""The arguments of a call as a message's body, and back. The first byte is the version of this format."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from asynctasq.domain.errors import AsyncTasQError
from asynctasq.ports.models import Loaded, ModelRef, Refer, ReferenceSerializer
from asynctasq.ports.serializer import Serializer

PLAIN = 1
WITH_REFERENCES = 2
"""Only a body of this version is searched for references to models."""

_PLAIN = bytes([PLAIN])
_WITH_REFERENCES = bytes([WITH_REFERENCES])

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


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
        found: list[ModelRef] = []
        data = self._referring.dumps([[*args], kwargs], partial(_noted, found, self._refer))
        return (_WITH_REFERENCES if found else _PLAIN) + data

    def references(self, body: bytes) -> Sequence[ModelRef]:
        """To the models that `decode` has to be given, each once. Raises what `decode` raises."""
        referring = self._referring
        if body[:1] != _WITH_REFERENCES or self._latest == PLAIN or referring is None:
            return ()
        try:
            return referring.references(body[1:])
        except (LookupError, ValueError) as error:
            raise _translated(error) from error

    def decode(self, body: bytes, models: Loaded | None = None) -> Arguments:
        """What `encode` was given; raises `CorruptBody` or `NewerBody` for anything else."""
        if not body:
            raise CorruptBody("the body is empty")
        version = body[0]
        if version > self._latest:
            raise NewerBody(f"the body has version {version}, this worker reads up to {self._latest}")
        if version < PLAIN:
            raise CorruptBody(f"the body has version {version}, which was never used")
        try:
            if version == PLAIN or self._referring is None:
                value = self._serializer.loads(body[1:])
            else:
                value = self._referring.loads(body[1:], models or {})
        except (LookupError, ValueError) as error:
            raise _translated(error) from error
        return _checked(value)


def _noted(found: list[ModelRef], refer: Refer, value: object) -> ModelRef | None:
    reference = refer(value)
    if reference is not None:
        found.append(reference)
    return reference


def _translated(error: LookupError | ValueError) -> CorruptBody | NewerBody:
    if isinstance(error, LookupError):
        return NewerBody(f"the body names what is not known here: {error}")
    return CorruptBody(f"the body cannot be read: {error}")


def _checked(value: Any) -> Arguments:
    if not _are_arguments(value):
        raise CorruptBody("the body holds no arguments of a call")
    args, kwargs = value
    if kwargs and not all(isinstance(name, str) for name in kwargs):
        raise CorruptBody("the body names an argument by something that is no text")
    return tuple(args), kwargs


def _are_arguments(value: Any) -> bool:
    """Whether it is what `encode` made of them."""
    match value:
        case [list(), dict()]:
            return True
        case _:
            return False
