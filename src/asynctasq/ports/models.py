"""ORM instances as references and back."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any

from attrs import field, frozen

from asynctasq.ports.serializer import Serializer


@frozen
class ModelRef:
    """`model` is `module:qualname`, `key` the primary key's values in the order of its columns.

    `database` is the alias of the database that the instance came from, None where there is only one or the usual one.
    """

    model: str
    key: tuple[Any, ...]
    database: str | None = field(default=None, kw_only=True)


Loaded = Mapping[ModelRef, Any]


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


class ModelLoader(ModelResolver):
    """A resolver whose instances live on while somebody works with them (ADR-0022).

    What it loads hangs on sessions or connections that stay open until the context is left, however it is left, and
    are closed then. The caller enters and leaves it on one loop, though not always in the same asyncio task.
    """

    @abstractmethod
    def knows(self, model: str) -> bool:
        """Whether this name is that of a class of this ORM, imported already: nothing is imported to find out.

        Raises `LookupError` if there is no class of that name here; a newer version may have it.
        """

    @abstractmethod
    def load(self, references: Sequence[ModelRef], *, share_session: bool) -> AbstractAsyncContextManager[Loaded]:
        """As `resolve`, with what is needed to go on using the instances.

        `share_session`: all of them in one session, one class after the other, where the ORM has sessions.
        """

    @abstractmethod
    def load_blocking(
        self, references: Sequence[ModelRef], *, share_session: bool
    ) -> AbstractContextManager[Loaded] | None:
        """The same for code that has a thread to itself; None if this can only be done on a loop."""

    @property
    @abstractmethod
    def surrounds_every_task(self) -> bool:
        """Whether `load` wants to be entered around tasks without models too: their code may use the ORM itself."""

    @abstractmethod
    def enter_child(self) -> None:
        """From now on this is a child process, with models and engines of its own: warn of what it should not share."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of what it opened for longer than one context. It may be used again."""


Refer = Callable[[Any], ModelRef | None]
"""As `ModelResolver.reference`."""


class ReferenceSerializer(Serializer):
    """A serializer in which values may travel as references, wherever in the data they are, out of band."""

    @abstractmethod
    def dumps(self, value: Any, refer: Refer | None = None) -> bytes:
        """As `Serializer.dumps`. `refer` is asked for each value that is no plain data, and its reference written."""

    @abstractmethod
    def references(self, data: bytes) -> Sequence[ModelRef]:
        """The references in what `dumps` wrote, each once; nothing is built. Raises what `loads` raises."""

    @abstractmethod
    def loads(self, data: bytes, models: Loaded | None = None) -> Any:
        """As `Serializer.loads`, with `models` in the places of their references: one that has no model is an error."""
