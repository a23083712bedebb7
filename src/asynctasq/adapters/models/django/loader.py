"""Django's models. Imports Django only once somebody else has."""

import sys
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import Any

from asynctasq.adapters.models.names import Classes
from asynctasq.ports.models import Loaded, ModelLoader, ModelRef


class DjangoModels(ModelLoader):
    """Instances come from the database that they were saved to, through the base manager, which hides nothing."""

    def __init__(self, classes: Classes) -> None:
        self._classes = classes

    def reference(self, value: Any) -> ModelRef | None:
        if "django.db.models.base" not in sys.modules:
            return None
        from asynctasq.adapters.models.django.rows import reference_to

        return reference_to(value, self._classes)

    def knows(self, model: str) -> bool:
        cls = self._classes.find(model)
        if "django.db.models.base" not in sys.modules:
            return False
        from asynctasq.adapters.models.django.rows import is_model

        return is_model(cls)

    async def resolve(self, references: Sequence[ModelRef]) -> Mapping[ModelRef, Any]:
        async with self.load(references, share_session=False) as loaded:
            return loaded

    @asynccontextmanager
    async def load(self, references: Sequence[ModelRef], *, share_session: bool) -> AsyncGenerator[Loaded]:  # noqa: ARG002 - there are no sessions
        # In the one thread in which Django wants all its blocking code called from a loop to run.
        from asgiref.sync import sync_to_async

        from asynctasq.adapters.models.django.rows import close_old_connections, fetch

        try:
            yield await sync_to_async(fetch)(references, self._classes)
        finally:
            await sync_to_async(close_old_connections)()

    def load_blocking(
        self,
        references: Sequence[ModelRef],
        *,
        share_session: bool,  # noqa: ARG002 - there are none
    ) -> AbstractContextManager[Loaded] | None:
        return self._loaded_here(references)

    @property
    def surrounds_every_task(self) -> bool:
        """As Django does around every request, so that no task meets a connection which the server has closed."""
        if "django.db" not in sys.modules:
            return False
        from asynctasq.adapters.models.django.rows import is_set_up

        return is_set_up()

    def enter_child(self) -> None:
        """A child opens connections of its own anyway."""

    async def close(self) -> None:
        """Django keeps its connections by thread, and each of these has closed its own."""

    @contextmanager
    def _loaded_here(self, references: Sequence[ModelRef]) -> Generator[Loaded]:
        from asynctasq.adapters.models.django.rows import close_old_connections, fetch

        try:
            yield fetch(references, self._classes)
        finally:
            close_old_connections()
