"""The extension for references to models: it alone says that something is one, whatever other data looks like."""

from collections.abc import Callable, Sequence
from typing import Any, cast

from msgpack import ExtType

from asynctasq.adapters.serializers.culprit import Culprit
from asynctasq.domain.errors import NotSendable
from asynctasq.ports.models import Loaded, ModelRef, Refer

CODE = 22

Pack = Callable[[Any], bytes]
Unpack = Callable[[bytes], Any]


def packed_reference(value: object, refer: Refer, pack: Pack) -> ExtType | None:
    """`value` as the extension, or None if it is no model."""
    try:
        reference = refer(value)
    except NotSendable as error:
        raise Culprit(value, str(error)) from None
    if reference is None:
        return None
    plain: list[object] = [reference.model, list(reference.key)]
    if reference.database is not None:
        plain.append(reference.database)
    try:
        return ExtType(CODE, pack(plain))
    except Exception as error:
        raise Culprit(value, f"the key of this {reference.model} cannot travel: {error}") from error


def read_reference(data: bytes, unpack: Unpack) -> ModelRef:
    """Raises `ValueError` for what `packed_reference` cannot have written."""
    plain = unpack(data)
    if not isinstance(plain, list):
        raise ValueError("a reference to a model is no list")  # noqa: TRY004 - the bytes are wrong, not a caller's type
    model, key, *more = cast("list[object]", plain)
    database = more[0] if more else None
    if not (isinstance(model, str) and isinstance(key, list) and isinstance(database, str | None) and len(more) <= 1):
        raise ValueError("a reference to a model is of another form")
    reference = ModelRef(model, tuple(cast("list[object]", key)), database=database)
    try:
        hash(reference)
    except TypeError:
        raise ValueError("the key of a reference to a model is a container") from None
    return reference


def model_of(reference: ModelRef, models: Loaded | None) -> Any:
    """The instance that stands for it; raises `ValueError` where nobody loaded one."""
    if models is None or reference not in models:
        raise ValueError("a reference to a model is where there should be none")
    return models[reference]


def distinct(references: Sequence[ModelRef]) -> Sequence[ModelRef]:
    """Each once, in order."""
    return tuple(dict.fromkeys(references))
