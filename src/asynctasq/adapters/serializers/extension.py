"""What a MessagePack extension is to this package: a type written as a simpler value, which is packed in turn."""

from collections.abc import Callable
from typing import Any

from attrs import field, frozen


@frozen
class Extension:
    """`plain` takes a value apart into one of type `form`, `build` puts it together. The code is for ever.

    `build` raises `LookupError` for a name that is not there, and otherwise whatever its constructor raises.
    """

    code: int
    form: type
    plain: Callable[[Any], Any] = field(kw_only=True)
    build: Callable[[Any], Any] = field(kw_only=True)
