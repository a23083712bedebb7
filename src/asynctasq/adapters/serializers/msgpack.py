"""MessagePack: plain data is packed and read in C, any other type is an extension (ADR-0003)."""

import re
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any

from msgpack import ExtType, Packer, Timestamp, unpackb

from asynctasq.adapters.serializers.classes import Classes, nothing
from asynctasq.adapters.serializers.culprit import describe
from asynctasq.adapters.serializers.enums import enum_extension
from asynctasq.adapters.serializers.extension import Extension
from asynctasq.adapters.serializers.records import is_record, record_extension
from asynctasq.adapters.serializers.standard import STANDARD
from asynctasq.domain.errors import NotSendable
from asynctasq.ports.serializer import Serializer

MAX_EXTENSION_DEPTH = 64
"""Extensions within extensions: each costs several frames of the interpreter, here and in the worker."""
FIRST_BUFFER_BYTES = 1024
"""It grows by itself; the library's own 256 KiB come from the system anew for each extension."""

# The first byte of a `bin` or an extension is one of these; other bytes may look like it.
_may_hide = re.compile(rb"[\xc4-\xc9\xd4-\xd8]").search
_HIDDEN = frozenset({bytearray, memoryview, ExtType, Timestamp})
_CONTAINERS = frozenset({list, dict})


class MsgpackSerializer(Serializer):
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

    def dumps(self, value: Any) -> bytes:
        try:
            return self._pack(value)
        except Exception as error:  # noqa: BLE001 - reading a field may run any code of the user's
            raise NotSendable(describe(value, self._pack, error)) from None

    def loads(self, data: bytes) -> Any:
        try:
            return self._unpack(data)
        except LookupError:
            raise
        except (ValueError, TypeError, AttributeError, ArithmeticError, OSError, RecursionError) as error:
            raise ValueError(f"the bytes cannot be read: {str(error) or type(error).__name__}") from error

    def _pack(self, value: Any, depth: int = 0) -> bytes:
        packer = Packer(
            default=partial(self._extended, depth),
            strict_types=True,
            unicode_errors="surrogatepass",  # lone surrogates are valid in Python's text and come back as they were
            buf_size=FIRST_BUFFER_BYTES,  # pyright: ignore[reportCallIssue] - since msgpack 1.1, the stubs lack it
        )
        data = packer.pack(value)
        if _may_hide(data) and _hides(value):
            raise TypeError("bytearray, memoryview and MessagePack's own types would arrive as something else")
        return data

    def _extended(self, depth: int, value: Any) -> ExtType:
        if depth >= MAX_EXTENSION_DEPTH:
            raise RecursionError
        extension = self._extension_of(value)
        return ExtType(extension.code, self._pack(extension.plain(value), depth + 1))

    def _extension_of(self, value: object) -> Extension:
        kind = type(value)
        extension = STANDARD.get(kind)
        if extension is not None:
            return extension
        if issubclass(kind, Enum):
            return self._enum
        if is_record(kind):
            return self._record
        raise TypeError(f"{kind.__module__}.{kind.__qualname__} objects cannot travel to a worker")

    def _unpack(self, data: bytes, depth: int = 0) -> Any:
        return unpackb(data, ext_hook=partial(self._built, depth), strict_map_key=False, unicode_errors="surrogatepass")

    def _built(self, depth: int, code: int, data: bytes) -> Any:
        extension = self._by_code.get(code)
        if extension is None:
            raise LookupError(f"MessagePack extension {code} is not known here")
        if depth >= MAX_EXTENSION_DEPTH:
            raise ValueError("nested too deeply")
        plain = self._unpack(data, depth + 1)
        if type(plain) is not extension.form:
            raise ValueError(f"MessagePack extension {code} holds a {type(plain).__name__}")
        return extension.build(plain)


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
