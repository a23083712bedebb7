"""Members of enumerations: by name, and combinations of flags by value."""

from enum import Enum, Flag
from typing import Any

from asynctasq.adapters.serializers.classes import Classes
from asynctasq.adapters.serializers.extension import Extension


def enum_extension(code: int, classes: Classes) -> Extension:
    """Finds a class through `classes`, and what a newer version of it may have raises `LookupError`."""

    def plain(member: Enum) -> list[Any]:
        return [classes.name(type(member)), member.value if isinstance(member, Flag) else member.name]

    def build(plain: list[Any]) -> Enum:
        name, key = plain
        cls = classes.find(name)
        if not issubclass(cls, Enum):
            raise ValueError(f"{name} is no Enum")  # noqa: TRY004 - the bytes are wrong, not the caller's type
        return _combination(cls, key) if issubclass(cls, Flag) else _member(cls, key)

    return Extension(code, list, plain=plain, build=build)


def _member(cls: type[Enum], name: str) -> Enum:
    member = cls.__members__.get(name)
    if member is None:
        raise LookupError(f"{cls.__qualname__} has no member {name!r} here")
    return member


def _combination(cls: type[Flag], value: int) -> Flag:
    try:
        return cls(value)
    except ValueError as error:
        raise LookupError(f"{cls.__qualname__} has other flags here: {error}") from error
