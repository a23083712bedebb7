"""Where in a value the thing is that cannot travel. Slow, and only used once packing has failed."""

import reprlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from asynctasq.adapters.serializers.records import is_record, values

Pack = Callable[[Any], object]
Part = tuple[str, Any]

MAX_STEPS = 50
"""How long a path gets: a value that contains itself has one without end."""


class Culprit(TypeError):
    """`value` itself cannot travel, whatever it consists of."""

    def __init__(self, value: object, text: str) -> None:
        super().__init__(text)
        self.value = value


def describe(value: Any, pack: Pack, failure: Exception) -> str:
    """One line: the path to the innermost part of `value` that `pack` refuses, and why it does."""
    path = ""
    for _ in range(MAX_STEPS):
        found = _failing_part(value, pack)
        if found is None:
            break
        (label, value), failure = found
        path += label
        if isinstance(failure, Culprit) and failure.value is value:
            break
    reason = "nested too deeply, or it contains itself" if _is_endless(failure) else failure
    return f"{path or 'the value'}: {reason}"


def _is_endless(failure: Exception) -> bool:
    return isinstance(failure, RecursionError) or str(failure).startswith("recursion limit")


def _failing_part(value: object, pack: Pack) -> tuple[Part, Exception] | None:
    try:
        parts = list(_parts(value, type(value)))
    except (AttributeError, TypeError):
        return None  # a record that cannot be taken apart is itself the culprit
    for part in parts:
        try:
            pack(part[1])
        except Exception as error:  # noqa: BLE001 - reading a field may run any code of the user's
            return part, error
    return None


def _parts(value: Any, kind: type[Any]) -> Iterator[Part]:
    """What a container holds, labelled; nothing for anything else."""
    if issubclass(kind, dict):
        return _entries(value)
    if issubclass(kind, (list, tuple)):
        return ((f"[{index}]", part) for index, part in enumerate(value))
    if issubclass(kind, (set, frozenset)):
        return ((f"{{{reprlib.repr(part)}}}", part) for part in value)
    if is_record(kind):
        return ((f".{name}", part) for name, part in values(value).items())
    return iter(())


def _entries(entries: Mapping[Any, Any]) -> Iterator[Part]:
    for key, part in entries.items():
        label = reprlib.repr(key)
        yield f"[key {label}]", key
        yield f"[{label}]", part
