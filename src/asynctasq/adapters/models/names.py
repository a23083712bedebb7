"""What a loader needs to know of classes; whoever wires it brings it."""

from collections.abc import Iterable
from typing import Any, Protocol

from asynctasq.domain.errors import NotSendable
from asynctasq.ports.models import ModelRef


class Classes(Protocol):
    """Classes as `module:qualname` and back. No name makes anything be imported."""

    def name(self, cls: type[Any]) -> str:
        """Raises `TypeError` for a class that nobody would find again under its name."""
        ...

    def find(self, name: str) -> type:
        """Raises `LookupError` if it is not there, `ValueError` if it is no class."""
        ...


def sendable_name(classes: Classes, cls: type[Any]) -> str:
    """As `Classes.name`; raises `NotSendable`."""
    try:
        return classes.name(cls)
    except TypeError as error:
        raise NotSendable(str(error)) from None


def by_model(references: Iterable[ModelRef]) -> dict[str, list[ModelRef]]:
    """The references to each class, for one query each."""
    batches: dict[str, list[ModelRef]] = {}
    for reference in references:
        batches.setdefault(reference.model, []).append(reference)
    return batches
