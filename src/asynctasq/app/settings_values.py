"""From what stands in a mapping or an environment to the type of a setting, and how that type is called."""

import math
import os
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Union, cast, get_args, get_origin

from cattrs import Converter


def convert(value: object, kind: Any) -> Any:
    """`value` as a `kind`. Raises `ValueError` or `TypeError`, whose texts may hold the value."""
    return _converter.structure(value, kind)


def name_of(kind: Any) -> str:
    """What a value of this kind is, to complete "is not …"."""
    if is_literal(kind):
        return f"one of {', '.join(map(repr, get_args(kind)))}"
    if is_optional(kind):
        return name_of(get_args(kind)[0])
    return _NAMES[kind]


def is_literal(kind: Any) -> bool:
    """Whether it is a choice of words."""
    return get_origin(kind) is Literal


def is_optional(kind: Any) -> bool:
    """Whether it is `something | None`."""
    return get_origin(kind) in (Union, types.UnionType) and get_args(kind)[1:] == (type(None),)


_NAMES: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
    tuple[str, ...]: "a list of names, separated by commas in the environment",
}
_TRUTHS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def _bool(value: object, _: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _TRUTHS:
        return _TRUTHS[value.strip().lower()]
    raise TypeError


def _int(value: object, _: Any) -> int:
    if isinstance(value, (int, str)) and not isinstance(value, bool):
        return int(value)
    raise TypeError


def _float(value: object, _: Any) -> float:
    if isinstance(value, (int, float, str)) and not isinstance(value, bool) and math.isfinite(float(value)):
        return float(value)
    raise TypeError


def _str(value: object, _: Any) -> str:
    if isinstance(value, str):
        return value
    raise TypeError


def _path(value: object, _: Any) -> Path:
    if isinstance(value, (str, os.PathLike)) and value:
        return Path(value)  # pyright: ignore[reportUnknownArgumentType] - Path itself refuses a path of bytes
    raise TypeError


def _names(value: object, _: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, (list, tuple)):
        raise TypeError
    names = [_str(each, str).strip() for each in cast("Sequence[object]", value)]
    return tuple(filter(None, names))


def _literal(value: object, kind: Any) -> str:
    word = _str(value, str).lower()
    if word in get_args(kind):
        return word
    raise ValueError


_converter = Converter(detailed_validation=False)
_converter.register_structure_hook(bool, _bool)
_converter.register_structure_hook(int, _int)
_converter.register_structure_hook(float, _float)
_converter.register_structure_hook(str, _str)
_converter.register_structure_hook(Path, _path)
_converter.register_structure_hook_func(lambda kind: kind == tuple[str, ...], _names)
_converter.register_structure_hook_func(is_literal, _literal)
