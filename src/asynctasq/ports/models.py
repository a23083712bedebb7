"""ORM instances as references and back."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen


@frozen
class ModelRef:
    """`model` is `module:qualname`, `key` the primary key's values in the order of its columns."""

    model: str
    key: tuple[Any, ...]


class ModelResolver(ABC):
    """One per ORM. Imports its ORM only when it meets a value that may be one of its models."""

    @abstractmethod
    def reference(self, value: Any) -> ModelRef | None:
        """A reference if `value` is a model of this ORM, else None. Raises `NotSendable` for an unsaved instance."""

    @abstractmethod
    async def resolve(self, references: Sequence[ModelRef]) -> Mapping[ModelRef, Any]:
        """Fresh instances, one query per class; rows that are gone are left out.

        Raises `Unavailable` when the database does not answer.
        """
