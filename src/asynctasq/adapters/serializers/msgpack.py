"""MessagePack: plain data is packed and read in C, any other type is an extension (ADR-0003)."""

import re
from collections.abc import Callable, Sequence
from enum import Enum
from functools import partial
from typing import Any

from msgpack import ExtType, Packer, Timestamp, unpackb

from asynctasq.adapters.serializers.classes import Classes, nothing
from asynctasq.adapters.serializers.culprit import describe
from asynctasq.adapters.serializers.enums import enum_extension
from asynctasq.adapters.serializers.extension import Extension
from asynctasq.adapters.serializers.records import is_record, record_extension
from asynctasq.adapters.serializers.references import CODE as REFERENCE
from asynctasq.adapters.serializers.references import distinct, model_of, packed_reference, read_reference
from asynctasq.adapters.serializers.standard import STANDARD
from asynctasq.domain.errors import NotSendable
from asynctasq.ports.models import Loaded, ModelRef, Refer, ReferenceSerializer

MAX_EXTENSION_DEPTH = 64
"""Extensions within extensions: each costs several frames of the interpreter, here and in the worker."""
FIRST_BUFFER_BYTES = 1024
"""It grows by itself; the library's own 256 KiB come from the system anew for each extension."""

WRONG = (ValueError, TypeError, AttributeError, ArithmeticError, OSError, RecursionError)
"""What reading wrong bytes raises, beside the LookupErrors that mean something else."""

# The first byte of a `bin` or an extension is one of these; other bytes may look like it.
_may_hide = re.compile(rb"[\xc4-\xc9\xd4-\xd8]").search
_HIDDEN = frozenset({bytearray, memoryview, ExtType, Timestamp})
_CONTAINERS = frozenset({list, dict})


class MsgpackSerializer(ReferenceSerializer):
    """Any thread may use it at any time.

    A class named in the bytes is looked up in imported modules only, unless `may_import` allows its module; `main`
    is how other processes import the module that runs here as `__main__`. Reading runs no code but the
    constructors of the user's own dataclasses and attrs classes.
    """

    content_type = "application/vnd.msgpack"

    def __init__(self, *, may_import: Callable[[str], bool] = nothing, main: str | None = None) -> None:
        classes = Classes(may_import=may_import, main=main)
        self._enum = enum_extension(20, classes)
        self._record = record_extension(21, classes)
        self._by_code = {each.code: each for each in (*STANDARD.values(), self._enum, self._record)}

    def dumps(self, value: Any, refer: Refer | None = None) -> bytes:
        try:
            return self._pack(refer, value)
        except Exception as error:  # noqa: BLE001 - reading a field may run any code of the user's
            raise NotSendable(describe(value, partial(self._pack, refer), error)) from None

    def loads(self, data: bytes, models: Loaded | None = None) -> Any:
        try:
            return self._unpack(models, data)
        except LookupError:
            raise
        except WRONG as error:
            raise _unreadable(error) from error

    def references(self, data: bytes) -> Sequence[ModelRef]:
        found: list[ModelRef] = []
        try:
            self._search(found, data)
        except LookupError:
            raise
        except WRONG as error:
            raise _unreadable(error) from error
        return distinct(found)

    def _pack(self, refer: Refer | None, value: Any, depth: int = 0) -> bytes:
        packer = Packer(
            default=partial(self._extended, refer, depth),
            strict_types=True,
            unicode_errors="surrogatepass",  # lone surrogates are valid in Python's text and come back as they were
            buf_size=FIRST_BUFFER_BYTES,  # pyright: ignore[reportCallIssue] - since msgpack 1.1, the stubs lack it
        )
        data = packer.pack(value)
        if _may_hide(data) and _hides(value):
            raise TypeError("bytearray, memoryview and MessagePack's own types would arrive as something else")
        return data

    def _extended(self, refer: Refer | None, depth: int, value: object) -> ExtType:
        if depth >= MAX_EXTENSION_DEPTH:
            raise RecursionError
        kind = type(value)
        extension = STANDARD.get(kind)
        if extension is None:
            # Before anything else: a model may be a dataclass too.
            reference = refer and packed_reference(value, refer, partial(self._pack, None))
            if reference:
                return reference
            extension = self._extension_of(kind)
        return ExtType(extension.code, self._pack(refer, extension.plain(value), depth + 1))

    def _extension_of(self, kind: type[object]) -> Extension:
        if issubclass(kind, Enum):
            return self._enum
        if is_record(kind):
            return self._record
        raise TypeError(f"{kind.__module__}.{kind.__qualname__} objects cannot travel to a worker")

    def _unpack(self, models: Loaded | None, data: bytes, depth: int = 0) -> Any:
        return _unpacked(data, partial(self._built, models, depth))

    def _built(self, models: Loaded | None, depth: int, code: int, data: bytes) -> Any:
        if code == REFERENCE:
            return model_of(read_reference(data, partial(self._unpack, None)), models)
        extension = self._known(code, depth)
        plain = self._unpack(models, data, depth + 1)
        if type(plain) is not extension.form:
            raise ValueError(f"MessagePack extension {code} holds a {type(plain).__name__}")
        return extension.build(plain)

    def _search(self, found: list[ModelRef], data: bytes, depth: int = 0) -> None:
        def note(code: int, data: bytes) -> None:
            if code == REFERENCE:
                found.append(read_reference(data, partial(self._unpack, None)))
            elif self._known(code, depth).form is list:  # nothing else has anything in it
                self._search(found, data, depth + 1)

        _unpacked(data, note)

    def _known(self, code: int, depth: int) -> Extension:
        extension = self._by_code.get(code)
        if extension is None:
            raise LookupError(f"MessagePack extension {code} is not known here")
        if depth >= MAX_EXTENSION_DEPTH:
            raise ValueError("nested too deeply")
        return extension


def _unpacked(data: bytes, ext_hook: Callable[[int, bytes], Any]) -> Any:
    return unpackb(data, ext_hook=ext_hook, strict_map_key=False, unicode_errors="surrogatepass")


def _unreadable(error: Exception) -> ValueError:
    return ValueError(f"the bytes cannot be read: {str(error) or type(error).__name__}")


def _hides(value: Any) -> bool:
    """Whether lists and dicts hold what the library packs as `bin` or extension without asking `default`.

    One set of types a container, made in C; what `default` sees is looked at when it is packed in its turn.
    """
    pending = [[value]]
    while pending:
        items = pending.pop()
        kinds = set(map(type, items))
        if kinds & _HIDDEN:
            return True
        if kinds & _CONTAINERS:
            pending += [_items(item) for item in items if type(item) in _CONTAINERS]
    return False


def _items(container: list[Any] | dict[Any, Any]) -> list[Any]:
    return [*container, *container.values()] if isinstance(container, dict) else container
