"""Values that a serializer must carry, as Hypothesis strategies, and what it means that two are the same."""

import dataclasses
from datetime import timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag, IntEnum, IntFlag, StrEnum, auto
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any
from zoneinfo import ZoneInfo

import attrs
from hypothesis import strategies as st


class Colour(Enum):
    RED = "red"
    ALSO_RED = RED
    GREEN = (0, 255, 0)


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Word(StrEnum):
    YES = "yes"


class Right(Flag):
    READ = auto()
    WRITE = auto()


class Bits(IntFlag):
    ONE = 1
    TWO = 2


@attrs.frozen
class Point:
    """Private and renamed fields, and one that the constructor does not take."""

    x: Any
    _y: Any = 0
    z: Any = attrs.field(default=0, alias="depth", kw_only=True)
    visits: Any = attrs.field(default=0, init=False, eq=True)


@dataclasses.dataclass
class Parcel:
    """A field that its constructor changes: it must not be changed twice."""

    content: Any
    tags: list[Any] = dataclasses.field(default_factory=list[Any])
    weight: Any = dataclasses.field(default=0, init=False)

    class Label(Enum):
        """A class within a class."""

        FRAGILE = 1

    def __post_init__(self) -> None:
        self.weight = 1


def _moved(parcel: Parcel, weight: object) -> Parcel:
    parcel.weight = weight
    return parcel


text = st.text(st.characters(exclude_categories=()))
"""With lone surrogates and every control character."""

zones = (
    st.none()
    | st.sampled_from([ZoneInfo("UTC"), ZoneInfo("Europe/Paris"), ZoneInfo("America/New_York")])
    | (st.builds(timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23))))
)

names = st.sampled_from(["a", "b.txt", "..", "ü", "x y"])
paths = st.builds(PurePosixPath, names, names) | st.builds(PureWindowsPath, names, names) | st.builds(Path, names)

members = st.sampled_from(
    [*Colour, *Level, *Word, Right(0), Right.READ | Right.WRITE, Bits.ONE | Bits.TWO, Parcel.Label.FRAGILE]
)

hashable_leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**200), 2**200)
    | st.floats(allow_nan=False)
    | st.binary()
    | text
    | st.datetimes(timezones=zones)
    | st.datetimes(timezones=zones).map(lambda moment: moment.replace(fold=1))
    | st.times(timezones=zones)
    | st.dates()
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.uuids()
    | members
    | paths
)

keys = st.recursive(
    hashable_leaves,
    lambda inner: st.tuples(inner) | st.frozensets(inner, max_size=2) | st.builds(Point, inner),
    max_leaves=4,
)

leaves = hashable_leaves | st.sampled_from([float("nan"), Decimal("NaN"), Decimal("-0.00"), -0.0])


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(keys, inner, max_size=4)
        | st.sets(keys, max_size=3)
        | st.frozensets(keys, max_size=3)
        | st.builds(Point, inner, inner, depth=inner)
        | st.builds(_moved, st.builds(Parcel, inner, st.lists(inner, max_size=2)), inner)
    )


values = st.recursive(leaves, _containers, max_leaves=12)


def same(left: Any, right: Any) -> bool:
    """Equal in value and in type, all the way down; NaN is the same as NaN and 0.0 is not -0.0."""
    if type(left) is not type(right):
        return False
    match left:
        case float() | Decimal():
            return repr(left) == repr(right)
        case list() | tuple():
            return _all_same(left, right)
        case dict():
            return _all_same(left, right) and _all_same(left.values(), right.values())
        case set() | frozenset():
            return left == right and _each_is_in(left, right)
        case Point() | Parcel():
            return same(_fields(left), _fields(right))
        case _:
            return left == right and repr(left) == repr(right)


def _all_same(left: Any, right: Any) -> bool:
    return len(left) == len(right) and all(map(same, left, right))


def _each_is_in(left: Any, right: Any) -> bool:
    return all(any(same(one, other) for other in right) for one in left)


def _fields(record: Point | Parcel) -> dict[str, Any]:
    names = ("x", "_y", "z", "visits") if isinstance(record, Point) else ("content", "tags", "weight")
    return {name: getattr(record, name) for name in names}
