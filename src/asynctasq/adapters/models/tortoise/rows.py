"""From Tortoise's instances to their keys and back."""
# What Tortoise lets others use of a model begins with an underscore, and is typed in part.
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false
# ruff: noqa: SLF001

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, cast

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import DBConnectionError
from tortoise.models import Model
from tortoise.queryset import QuerySet

from asynctasq.adapters.models.names import Classes, by_model, sendable_name
from asynctasq.domain.errors import AsyncTasQError, NotLoaded, NotSendable, Unavailable
from asynctasq.ports.models import ModelRef

Connect = Callable[[BaseDBAsyncClient], Awaitable[None]]


def is_model(cls: type[Any]) -> bool:
    """Abstract ones have no rows."""
    return issubclass(cls, Model) and not cls._meta.abstract


def reference_to(value: object, classes: Classes) -> ModelRef | None:
    """By its primary key, which in Tortoise is always one field."""
    if not isinstance(value, Model):
        return None
    name = sendable_name(classes, type(value))
    if not value._saved_in_db or value.pk is None:
        raise NotSendable(f"this {name} is not saved: save it before the dispatch")
    return ModelRef(name, (value.pk,))


async def fetch(references: Sequence[ModelRef], classes: Classes, connect: Connect) -> Mapping[ModelRef, Any]:
    """The instances that are there: one query per class, the classes side by side."""
    models = {name: cast("type[Model]", classes.find(name)) for name in {each.model for each in references}}
    batches = [_rows(models[name], batch, connect) for name, batch in by_model(references).items()]
    if len(batches) == 1:
        return await batches[0]
    try:
        async with asyncio.TaskGroup() as group:
            fetching = [group.create_task(batch) for batch in batches]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return {reference: model for each in fetching for reference, model in each.result().items()}


async def _rows(cls: type[Model], references: Sequence[ModelRef], connect: Connect) -> dict[ModelRef, Any]:
    try:
        by_key = {_normal(cls, reference): reference for reference in references}
        await connect(cls._meta.db)
        # Not the class's own manager: it may hide rows.
        found = await QuerySet(cls).filter(pk__in=list(by_key))
    except AsyncTasQError:
        raise
    except Exception as error:
        raise await _translated(cls, error, connect) from error
    return {by_key[instance.pk]: instance for instance in found if instance.pk in by_key}


def _normal(cls: type[Model], reference: ModelRef) -> Any:
    if len(reference.key) != 1:
        raise NotLoaded(f"{reference.model} has one key field here, {reference.key!r} does not fit")
    return cls._meta.pk.to_python_value(reference.key[0])


async def _translated(cls: type[Model], error: Exception, connect: Connect) -> NotLoaded | Unavailable:
    """`Unavailable` if the database gives no answer; drivers call that by many names, so it is asked."""
    text = " ".join(str(error).split())
    if isinstance(error, DBConnectionError | OSError) or not await _answers(cls, connect):
        return Unavailable(f"the database of the models gives no answer: {text}")
    return NotLoaded(f"the models cannot be loaded: {text}")


async def _answers(cls: type[Model], connect: Connect) -> bool:
    try:
        await connect(cls._meta.db)
        await cls._meta.db.execute_query("SELECT 1")
    except Exception:  # noqa: BLE001 - whatever a driver raises then
        return False
    return True
