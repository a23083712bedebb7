"""Extensions for types of the standard library. Each is for exactly that type: a subclass may mean more."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from pathlib import PosixPath, PurePath, PurePosixPath, PureWindowsPath, WindowsPath
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from asynctasq.adapters.serializers.extension import Extension

_MICROSECOND = timedelta(microseconds=1)


def _big(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True)


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big", signed=True)


def _date(value: date) -> list[Any]:
    return [value.year, value.month, value.day]


def _time(value: time | datetime) -> list[Any]:
    return [value.hour, value.minute, value.second, value.microsecond, value.fold, value.tzinfo]


def _build_time(plain: list[Any]) -> time:
    *numbers, fold, zone = plain
    return time(*numbers, fold=fold, tzinfo=zone)


def _build_datetime(plain: list[Any]) -> datetime:
    *numbers, fold, zone = plain
    return datetime(*numbers, fold=fold, tzinfo=_checked(zone))


def _checked(zone: Any) -> tzinfo | None:
    if zone is None or isinstance(zone, tzinfo):
        return zone
    raise TypeError("a time zone is something else")


def _offset(zone: timezone) -> list[Any]:
    offset, name = zone.utcoffset(None), zone.tzname(None)
    microseconds = offset // _MICROSECOND
    return [microseconds] if name == timezone(offset).tzname(None) else [microseconds, name]


def _build_timezone(plain: list[Any]) -> timezone:
    microseconds, *name = plain
    return timezone(microseconds * _MICROSECOND, *name)


def _key(zone: ZoneInfo) -> str:
    if not zone.key:
        raise TypeError("a ZoneInfo without a key cannot be found again")
    return zone.key


def _uuid(data: bytes) -> UUID:
    return UUID(bytes=data)


def _path(code: int, kind: type[PurePath]) -> Extension:
    def build(text: str) -> PurePath:
        try:
            return kind(text)
        except NotImplementedError as error:
            raise LookupError(f"this system has no {kind.__name__}") from error

    return Extension(code, str, plain=str, build=build)


STANDARD: Mapping[type, Extension] = {
    tuple: Extension(1, list, plain=list, build=tuple),
    set: Extension(2, list, plain=list, build=set),
    frozenset: Extension(3, list, plain=list, build=frozenset),
    int: Extension(4, bytes, plain=_big, build=_number),  # beyond the 64 bits that MessagePack has
    Decimal: Extension(5, str, plain=str, build=Decimal),
    UUID: Extension(6, bytes, plain=lambda value: value.bytes, build=_uuid),
    date: Extension(7, list, plain=_date, build=lambda plain: date(*plain)),
    time: Extension(8, list, plain=_time, build=_build_time),
    datetime: Extension(9, list, plain=lambda value: _date(value) + _time(value), build=_build_datetime),
    timedelta: Extension(
        10,
        list,
        plain=lambda value: [value.days, value.seconds, value.microseconds],
        build=lambda plain: timedelta(*plain),
    ),
    timezone: Extension(11, list, plain=_offset, build=_build_timezone),
    ZoneInfo: Extension(12, str, plain=_key, build=ZoneInfo),
    PurePosixPath: _path(13, PurePosixPath),
    PureWindowsPath: _path(14, PureWindowsPath),
    PosixPath: _path(15, PosixPath),
    WindowsPath: _path(16, WindowsPath),
}
