"""The models that a call was given: noticed on its way out, loaded around its attempt on the way in (ADR-0022)."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
    contextmanager,
)
from operator import attrgetter
from typing import Any

from attrs import field, frozen

from asynctasq.app import headers
from asynctasq.app.codec import Arguments, CorruptBody, NewerBody
from asynctasq.domain.errors import AsyncTasQError, Unavailable
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import ErrorInfo, Failed, Outcome, Rejected, Skewed, Snoozed, Undecodable
from asynctasq.ports.models import Loaded, ModelLoader, ModelRef

log = logging.getLogger("asynctasq.models")

SHORTEST_WAIT_SECONDS = 1.0
MOST_NAMED = 3

_surrounds_every_task = attrgetter("surrounds_every_task")

Read = Callable[[Loaded], Arguments]
Wait = Callable[[Coroutine[Any, Any, Any]], Any]
"""How code without a loop has a coroutine run on the one that the models live on."""


class NotReady(AsyncTasQError):
    """The task of an attempt could not be built; `outcome` is what becomes of the attempt."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


class Models:
    """All ORMs. One that nobody has imported is not imported here either."""

    def __init__(self, loaders: Sequence[ModelLoader] = ()) -> None:
        self._loaders = tuple(loaders)

    def refer(self, value: object) -> ModelRef | None:
        """What travels instead of `value`, None if it is no model. Raises `NotSendable` for an unsaved one."""
        for loader in self._loaders:
            reference = loader.reference(value)
            if reference is not None:
                return reference
        return None

    @property
    def surround_every_task(self) -> bool:
        """Whether even a task without models needs something around it."""
        return any(map(_surrounds_every_task, self._loaders))  # asked for each task: a generator takes as long again

    def loading(self, references: Sequence[ModelRef], read: Read, message: Message, attempt: int) -> "Loading | None":
        """What has to surround an attempt; None if nothing has. Raises `CorruptBody` or `NewerBody`."""
        groups = {loader: list[ModelRef]() for loader in self._loaders if loader.surrounds_every_task}
        for reference in references:
            groups.setdefault(self._loader_of(reference.model), []).append(reference)
        return Loading(tuple(groups.items()), read=read, message=message, attempt=attempt) if groups else None

    def enter_child(self) -> None:
        """Say that this is a child process of a worker."""
        for loader in self._loaders:
            loader.enter_child()

    async def close(self) -> None:
        for loader in self._loaders:  # three, once
            await loader.close()

    def _loader_of(self, model: str) -> ModelLoader:
        try:
            for loader in self._loaders:
                if loader.knows(model):
                    return loader
        except LookupError as error:
            raise NewerBody(f"the body refers to a model that is not known here: {error}") from error
        except ValueError as error:
            raise CorruptBody(f"the body refers to a model that is none: {error}") from error
        raise CorruptBody(f"the body refers to {model[:100]!r}, which is no model")


@frozen(eq=False)
class Loading:
    """Enter it and get the arguments with their models, which live until it is left. Raises `NotReady`."""

    groups: Sequence[tuple[ModelLoader, Sequence[ModelRef]]]
    read: Read = field(kw_only=True)
    message: Message = field(kw_only=True)
    attempt: int = field(kw_only=True)

    @asynccontextmanager
    async def on_loop(self, skew_seconds: float) -> AsyncGenerator[Arguments]:
        async with AsyncExitStack() as stack:
            models: dict[ModelRef, Any] = {}
            for loader, references in self.groups:  # a task with the models of two ORMs is hardly ever seen
                context = loader.load(references, share_session=headers.share_session(self.message))
                try:
                    models |= await context.__aenter__()
                except Exception as error:  # noqa: BLE001 - it goes on, or is told
                    self._refuse(references, error)
                    continue
                stack.push_async_callback(_leave, context)
            yield self._arguments(models, skew_seconds)

    @contextmanager
    def blocking(self, skew_seconds: float, wait: Wait) -> Generator[Arguments]:
        """For a task that runs on no loop; what can only be done on one is done through `wait`."""
        with ExitStack() as stack:
            models: dict[ModelRef, Any] = {}
            share = headers.share_session(self.message)
            for loader, references in self.groups:
                context = loader.load_blocking(references, share_session=share) or _Waiting(
                    loader.load(references, share_session=share), wait
                )
                try:
                    models |= context.__enter__()
                except Exception as error:  # noqa: BLE001 - as above
                    self._refuse(references, error)
                    continue
                stack.callback(_leave_blocking, context)
            yield self._arguments(models, skew_seconds)

    def _arguments(self, models: dict[ModelRef, Any], skew_seconds: float) -> Arguments:
        wanted = [reference for _, references in self.groups for reference in references]
        missing = [reference for reference in wanted if reference not in models]
        if missing:
            self._settle_missing(missing)
            models |= dict.fromkeys(missing)
        try:
            return self.read(models)
        except CorruptBody as error:
            raise NotReady(Undecodable(ErrorInfo("CorruptBody", str(error)))) from error
        except NewerBody as error:
            raise NotReady(Skewed(ErrorInfo("NewerBody", str(error)), skew_seconds)) from error

    def _settle_missing(self, missing: Sequence[ModelRef]) -> None:
        """Return if they are to be None."""
        error = ErrorInfo("ModelNotFound", f"model not found: {_named(missing)}")
        match headers.on_missing_model(self.message):
            case "none":
                return
            case "retry":
                raise NotReady(Failed(error))
            case _:
                raise NotReady(Rejected(error))

    def _refuse(self, references: Sequence[ModelRef], error: Exception) -> None:
        """Return if the task may do without: it was given no model of this ORM, and need not use it."""
        if not references:
            log.warning("task %s %s begins without its ORM: %s", self.message.task, self.message.id, error)
        elif isinstance(error, Unavailable):
            raise NotReady(self._later(error)) from error
        else:
            raise error

    def _later(self, error: Unavailable) -> Snoozed:
        """The attempt is given back: nothing of the task has run, and an outage may last longer than its attempts."""
        delay = max(SHORTEST_WAIT_SECONDS, self.message.policy.delay_after(self.attempt, random.random))
        log.warning("task %s %s waits %.0f s for its models: %s", self.message.task, self.message.id, delay, error)
        return Snoozed(delay)


class _Waiting(AbstractContextManager[Loaded]):
    """An async context for code that blocks."""

    def __init__(self, context: AbstractAsyncContextManager[Loaded], wait: Wait) -> None:
        self._context = context
        self._wait = wait

    def __enter__(self) -> Loaded:
        return self._wait(_entered(self._context))

    def __exit__(self, *_: object) -> None:
        self._wait(_leave(self._context))


def waiting_on(loop: asyncio.AbstractEventLoop) -> Wait:
    """For the threads beside a loop."""

    def wait(coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result()

    return wait


async def _entered(context: AbstractAsyncContextManager[Loaded]) -> Loaded:
    return await context.__aenter__()


async def _leave(context: AbstractAsyncContextManager[Mapping[ModelRef, Any]]) -> None:
    """However the task ended, that is its own outcome: what fails here is only told."""
    try:
        await context.__aexit__(None, None, None)
    except Exception:
        log.warning("what a task's models hang on did not close", exc_info=True)


def _leave_blocking(context: AbstractContextManager[Loaded]) -> None:
    try:
        context.__exit__(None, None, None)
    except Exception:
        log.warning("what a task's models hang on did not close", exc_info=True)


def _named(references: Sequence[ModelRef]) -> str:
    named = [f"{each.model} with key {_shown(each.key)}" for each in references[:MOST_NAMED]]
    more = len(references) - MOST_NAMED
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")


def _shown(key: tuple[Any, ...]) -> str:
    return repr(key[0] if len(key) == 1 else key)
