"""From Django's instances to their keys and back. Everything here blocks."""
# Django ships no types, and what it lets others use of a model begins with an underscore.
# pyright: reportMissingTypeStubs=false, reportPrivateUsage=false, reportAttributeAccessIssue=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# ruff: noqa: SLF001

from collections.abc import Mapping, Sequence
from typing import Any, cast

from django import db
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.db.utils import ConnectionDoesNotExist
from django.db.utils import Error as DatabaseError

from asynctasq.adapters.models.names import Classes, sendable_name
from asynctasq.domain.errors import NotLoaded, NotSendable, Unavailable
from asynctasq.ports.models import ModelRef

Batches = Mapping[tuple[str, str], Sequence[ModelRef]]


def is_set_up() -> bool:
    """Some libraries import Django without there being a project."""
    return apps.ready


def is_model(cls: type[Any]) -> bool:
    """Abstract ones have no rows."""
    return issubclass(cls, Model) and not cls._meta.abstract


def reference_to(value: object, classes: Classes) -> ModelRef | None:
    """Looks at nothing that could ask the database."""
    if not isinstance(value, Model):
        return None
    name = sendable_name(classes, type(value))
    key = _key_of(value)
    if value._state.adding or None in key:
        raise NotSendable(f"this {name} is not saved: save it before the dispatch")
    alias = cast("str | None", value._state.db)  # the stub of its first value is what is seen
    return ModelRef(name, key, database=None if alias == db.DEFAULT_DB_ALIAS else alias)


def close_old_connections() -> None:
    """Those of this thread that are past their age or broken, as before and after a request."""
    db.close_old_connections()


def fetch(references: Sequence[ModelRef], classes: Classes) -> Mapping[ModelRef, Any]:
    """The instances that are there, with one query per class and database."""
    close_old_connections()
    models: dict[ModelRef, Any] = {}
    for (name, alias), batch in _batches(references).items():
        try:
            models |= _rows(cast("type[Model]", classes.find(name)), alias, batch)
        except ConnectionDoesNotExist as error:
            raise NotLoaded(f"{name} came from the database {alias!r}, which is not configured here") from error
        except (DatabaseError, OSError) as error:
            raise _translated(alias, error) from error
        except (ValidationError, ValueError, TypeError) as error:
            raise NotLoaded(f"{name}: {error}") from error
    return models


def _rows(cls: type[Model], alias: str, references: Sequence[ModelRef]) -> dict[ModelRef, Any]:
    fields = _key_fields(cls)
    by_key = {_normal(fields, reference.key): reference for reference in references}
    keys = [key[0] if len(fields) == 1 else key for key in by_key]
    found = cls._base_manager.using(alias).in_bulk(keys)
    return {by_key[_normal(fields, _key_of(instance))]: instance for instance in found.values()}


def _batches(references: Sequence[ModelRef]) -> Batches:
    batches: dict[tuple[str, str], list[ModelRef]] = {}
    for reference in references:
        batches.setdefault((reference.model, reference.database or db.DEFAULT_DB_ALIAS), []).append(reference)
    return batches


def _key_of(instance: Model) -> tuple[Any, ...]:
    key = instance.pk
    return tuple(cast("tuple[Any, ...]", key)) if isinstance(key, tuple) else (key,)


def _key_fields(cls: type[Model]) -> Sequence[Any]:
    # Since Django 5.2 a key may have several fields.
    return getattr(cls._meta, "pk_fields", [cls._meta.pk])


def _normal(fields: Sequence[Any], key: tuple[Any, ...]) -> tuple[Any, ...]:
    """As the database gives it back: an instance keeps the text that its creator gave for a number."""
    if len(fields) != len(key):
        raise ValueError(f"the key has {len(fields)} fields here, {key!r} does not fit")
    return tuple(each.to_python(value) for each, value in zip(fields, key, strict=True))


def _translated(alias: str, error: Exception) -> NotLoaded | Unavailable:
    """`Unavailable` if the database gives no answer; drivers call that by many names, so it is asked."""
    text = " ".join(str(error).split())
    try:
        db.connections[alias].close()
        with db.connections[alias].cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, OSError):
        return Unavailable(f"the database {alias!r} of the models gives no answer: {text}")
    return NotLoaded(f"the models cannot be loaded: {text}")
