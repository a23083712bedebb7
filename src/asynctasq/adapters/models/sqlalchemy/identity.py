"""From an instance to its key, and from keys to one statement for all of them."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Select, inspect, select, tuple_
from sqlalchemy.orm import InstanceState, Mapper, Session

from asynctasq.adapters.models.names import Classes, sendable_name
from asynctasq.domain.errors import NotLoaded, NotSendable
from asynctasq.ports.models import ModelRef

MOST_PARAMETERS = 30_000
"""PostgreSQL and SQLite take some 32,000 in one statement; beyond that a class needs a second one."""


def is_mapped(cls: type[Any]) -> bool:
    """By itself: a subclass of a mapped class need not be."""
    return _mapper_of(cls) is not None


def reference_to(value: object, classes: Classes) -> ModelRef | None:
    """Looks at nothing but the state: the attributes of an expired or detached instance may be out of reach."""
    cls = type(value)
    if not is_mapped(cls):  # asked of the class first: `inspect` of an engine would connect it
        return None
    name = sendable_name(classes, cls)
    state = cast("InstanceState[Any]", inspect(value))  # what it is for an instance of a mapped class
    if state.identity is None:
        raise NotSendable(f"this {name} is not saved: flush and commit its session before the dispatch")
    if state.deleted or state.was_deleted:
        raise NotSendable(f"this {name} has been deleted: there is nothing to load for a worker")
    return ModelRef(name, tuple(state.identity))


def rows(session: Session, cls: type[Any], references: Sequence[ModelRef]) -> Mapping[ModelRef, Any]:
    """The instances that are there, in one query."""
    columns = _key_attributes(cls)
    for reference in references:
        if len(reference.key) != len(columns):
            raise NotLoaded(f"{reference.model} has {len(columns)} key columns here, {reference.key!r} does not fit")
    most = MOST_PARAMETERS // len(columns)
    found: dict[ModelRef, Any] = {}
    for start in range(0, len(references), most):
        batch = references[start : start + most]
        instances = session.scalars(_statement(cls, columns, [each.key for each in batch])).unique().all()
        found |= _matched(batch, instances)
    return found


def _statement(cls: type[Any], columns: Sequence[Any], keys: Sequence[tuple[Any, ...]]) -> Select[tuple[Any]]:
    if len(columns) == 1:
        return select(cls).where(columns[0].in_([key[0] for key in keys]))
    return select(cls).where(tuple_(*columns).in_(keys))


def _matched(references: Sequence[ModelRef], instances: Sequence[Any]) -> dict[ModelRef, Any]:
    if len(references) == len(instances) == 1:
        # A database may give a key back in another form, as it does with a padded CHAR.
        return {references[0]: instances[0]}
    by_key = {tuple(inspect(instance).identity or ()): instance for instance in instances}
    return {reference: by_key[reference.key] for reference in references if reference.key in by_key}


def _key_attributes(cls: type[Any]) -> Sequence[Any]:
    """In the order of the key's columns; an attribute may be called otherwise than its column."""
    mapper = _mapper_of(cls)
    if mapper is None:
        raise NotLoaded(f"{cls.__qualname__} is not mapped")
    return [getattr(cls, mapper.get_property_by_column(column).key) for column in mapper.primary_key]


def _mapper_of(cls: type[Any]) -> Mapper[Any] | None:
    mapper: object = inspect(cls, raiseerr=False)
    return cast("Mapper[Any]", mapper) if isinstance(mapper, Mapper) else None
