"""Dataclasses and attrs classes: taken apart into the values of their fields."""

import dataclasses
import inspect
from collections.abc import Mapping, Sequence, Set
from functools import lru_cache
from typing import Any

import attrs
from attrs import field, frozen

from asynctasq.adapters.serializers.classes import Classes
from asynctasq.adapters.serializers.extension import Extension


@frozen
class Record:
    """How a class is built: `arguments` are the constructor's names by field, for those fields that it takes."""

    fields: Sequence[str]
    arguments: Mapping[str, str] = field(kw_only=True)
    required: Set[str] = field(kw_only=True)


def is_record(cls: type[Any]) -> bool:
    """Whether instances of `cls` are values with fields."""
    return dataclasses.is_dataclass(cls) or attrs.has(cls)


@lru_cache(maxsize=1024)
def record_of(cls: type[Any]) -> Record:
    """Raises `TypeError` if the values of its fields are not enough to call the constructor of `cls`."""
    record = _attrs_record(cls) if attrs.has(cls) else _dataclass_record(cls)
    inspect.signature(cls).bind(**dict.fromkeys(record.arguments.values()))
    return record


def values(instance: object) -> dict[str, Any]:
    """The values of all fields, those that the constructor does not take included."""
    return {name: getattr(instance, name) for name in record_of(type(instance)).fields}


def record_extension(code: int, classes: Classes) -> Extension:
    """Instances are built by their own constructor: nothing else of theirs runs.

    The fields are then set to exactly what was sent: a converter must accept its own result, but may change it.
    """

    def plain(instance: object) -> list[Any]:
        return [classes.name(type(instance)), values(instance)]

    def build(plain: list[Any]) -> Any:
        name, state = plain
        cls = classes.find(name)
        if not is_record(cls):
            raise ValueError(f"{name} is neither a dataclass nor an attrs class")
        instance = _construct(cls, name, state)
        for attribute, value in state.items():
            object.__setattr__(instance, attribute, value)
        return instance

    return Extension(code, list, plain=plain, build=build)


def _construct(cls: type, name: str, state: Mapping[str, Any]) -> Any:
    record = record_of(cls)
    unknown, missing = state.keys() - set(record.fields), record.required - state.keys()
    if unknown or missing:
        # Another version of the class wrote this.
        raise LookupError(f"{name} has other fields here: {', '.join(map(str, sorted(unknown | missing, key=str)))}")
    arguments = {record.arguments[key]: value for key, value in state.items() if key in record.arguments}
    try:
        return cls(**arguments)
    except Exception as error:  # the user's own constructor and validators may raise anything
        raise ValueError(f"{name} does not accept its fields: {error!r}") from error


def _attrs_record(cls: type[Any]) -> Record:
    fields = attrs.fields(cls)
    return Record(
        [each.name for each in fields],
        arguments={each.name: each.alias or each.name for each in fields if each.init},
        required={each.name for each in fields if each.init and each.default is attrs.NOTHING},
    )


def _dataclass_record(cls: Any) -> Record:
    fields = dataclasses.fields(cls)
    return Record(
        [each.name for each in fields],
        arguments={each.name: each.name for each in fields if each.init},
        required={each.name for each in fields if each.init and _has_no_default(each)},
    )


def _has_no_default(each: "dataclasses.Field[Any]") -> bool:
    return each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING
