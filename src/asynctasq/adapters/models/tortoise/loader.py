"""Tortoise's models. Imports Tortoise only once somebody else has, or if it is configured."""

import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

from asynctasq.adapters.models.names import Classes
from asynctasq.ports.models import Loaded, ModelLoader, ModelRef

if TYPE_CHECKING:
    from asynctasq.adapters.models.tortoise.start import Start


def _no_config() -> Mapping[str, Any] | None:
    return None


class TortoiseModels(ModelLoader):
    """Uses what the application has initialised, else initialises Tortoise once, with what `config` gives then."""

    def __init__(self, classes: Classes, config: Callable[[], Mapping[str, Any] | None] = _no_config) -> None:
        self._classes = classes
        self._config = config
        self._start: Start | None = None

    def reference(self, value: Any) -> ModelRef | None:
        if "tortoise.models" not in sys.modules:
            return None
        from asynctasq.adapters.models.tortoise.rows import reference_to

        return reference_to(value, self._classes)

    def knows(self, model: str) -> bool:
        cls = self._classes.find(model)
        if "tortoise.models" not in sys.modules:
            return False
        from asynctasq.adapters.models.tortoise.rows import is_model

        return is_model(cls)

    async def resolve(self, references: Sequence[ModelRef]) -> Mapping[ModelRef, Any]:
        async with self.load(references, share_session=False) as loaded:
            return loaded

    @asynccontextmanager
    async def load(self, references: Sequence[ModelRef], *, share_session: bool) -> AsyncGenerator[Loaded]:  # noqa: ARG002 - there are no sessions
        from asynctasq.adapters.models.tortoise.rows import fetch

        if self._start is None:
            from asynctasq.adapters.models.tortoise.start import Start

            self._start = Start(self._config)
        await self._start.ensure()
        yield await fetch(references, self._classes, self._start.connect)

    def load_blocking(
        self, references: Sequence[ModelRef], *, share_session: bool
    ) -> AbstractContextManager[Loaded] | None:
        """Tortoise works on loops only."""

    @property
    def surrounds_every_task(self) -> bool:
        """Whoever configures it wants to use it in every task."""
        return self._config() is not None

    def enter_child(self) -> None:
        """A child initialises it on its own loop anyway."""

    async def close(self) -> None:
        if self._start is not None:
            await self._start.close()
            self._start = None
