"""SQLAlchemy's models. Imports the library only once somebody else has."""

import sys
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from asynctasq.adapters.models.names import Classes, by_model
from asynctasq.ports.models import Loaded, ModelLoader, ModelRef

if TYPE_CHECKING:
    from asynctasq.adapters.models.sqlalchemy.sessions import Batch


class SqlalchemyModels(ModelLoader):
    """Sessions come from the class: `Base._asynctasq_session_factory`, an `async_sessionmaker` or a `sessionmaker`."""

    def __init__(self, classes: Classes) -> None:
        self._classes = classes
        self._in_child = False

    def reference(self, value: Any) -> ModelRef | None:
        if "sqlalchemy.orm" not in sys.modules:
            return None
        from asynctasq.adapters.models.sqlalchemy.identity import reference_to

        return reference_to(value, self._classes)

    def knows(self, model: str) -> bool:
        cls = self._classes.find(model)
        if "sqlalchemy.orm" not in sys.modules:
            return False
        from asynctasq.adapters.models.sqlalchemy.identity import is_mapped

        return is_mapped(cls)

    async def resolve(self, references: Sequence[ModelRef]) -> Mapping[ModelRef, Any]:
        async with self.load(references, share_session=False) as loaded:
            return loaded

    @asynccontextmanager
    async def load(self, references: Sequence[ModelRef], *, share_session: bool) -> AsyncGenerator[Loaded]:
        from asynctasq.adapters.models.sqlalchemy.sessions import loaded

        async with loaded(self._batches(references), share_session=share_session) as models:
            yield models

    def load_blocking(
        self, references: Sequence[ModelRef], *, share_session: bool
    ) -> AbstractContextManager[Loaded] | None:
        from asynctasq.adapters.models.sqlalchemy.sessions import is_async

        batches = self._batches(references)
        if any(is_async(batch.factory) for batch in batches):
            return None
        return self._loaded_here(batches, share_session=share_session)

    @property
    def surrounds_every_task(self) -> bool:
        return False  # code that opens sessions of its own closes them itself

    def enter_child(self) -> None:
        self._in_child = True
        if "sqlalchemy.orm" in sys.modules:
            from asynctasq.adapters.models.sqlalchemy.advice import advise_on_bases

            advise_on_bases()

    async def close(self) -> None:
        """Engines belong to the application."""

    @contextmanager
    def _loaded_here(self, batches: "Sequence[Batch]", *, share_session: bool) -> Generator[Loaded]:
        from asynctasq.adapters.models.sqlalchemy.sessions import loaded_here

        with loaded_here(batches, share_session=share_session) as models:
            yield models

    def _batches(self, references: Sequence[ModelRef]) -> "Sequence[Batch]":
        from asynctasq.adapters.models.sqlalchemy.advice import note
        from asynctasq.adapters.models.sqlalchemy.sessions import Batch

        batches = [Batch.of(self._classes.find(model), batch) for model, batch in by_model(references).items()]
        for batch in batches:
            note(batch.factory, in_child=self._in_child)
        return batches
