"""Sessions for the models of one attempt: async ones on the loop, the others in a thread."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from functools import partial
from typing import Any, Self, cast

from attrs import define, field, frozen
from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session, async_sessionmaker
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from asynctasq.adapters.models.sqlalchemy.faults import translated
from asynctasq.adapters.models.sqlalchemy.identity import rows
from asynctasq.domain.errors import ConfigurationError
from asynctasq.ports.models import Loaded, ModelRef

FACTORY = "_asynctasq_session_factory"

Factory = Callable[[], AsyncSession | Session]
Found = Mapping[ModelRef, Any]


@frozen
class Batch:
    """The references to one class."""

    cls: type[Any]
    references: Sequence[ModelRef]
    factory: Factory

    @classmethod
    def of(cls, model: type[Any], references: Sequence[ModelRef]) -> Self:
        factory = getattr(model, FACTORY, None)
        if factory is None:
            raise ConfigurationError(
                f"{references[0].model} has no session factory: where its base class is defined, "
                f"set Base.{FACTORY} = async_sessionmaker(engine)"
            )
        return cls(model, references, factory)


def is_async(factory: object) -> bool:
    """Whether its sessions live on a loop."""
    if isinstance(factory, async_sessionmaker | async_scoped_session):
        return True
    if isinstance(factory, sessionmaker | scoped_session) or not callable(factory):
        return False
    return isinstance(factory(), AsyncSession)  # a function of the user's; a session is inert until it is used


@asynccontextmanager
async def loaded(batches: Sequence[Batch], *, share_session: bool) -> AsyncGenerator[Loaded]:
    """Each class in a session of its own, side by side; or all of one factory in one, one class after the other."""
    async with AsyncExitStack() as stack:
        if share_session:
            yield await _one_by_one(batches, stack)
        else:
            yield await _together([(_opened(batch.factory, stack), batch) for batch in batches])


@contextmanager
def loaded_here(batches: Sequence[Batch], *, share_session: bool) -> Generator[Loaded]:
    """The same in this thread, for factories that make plain sessions."""
    with ExitStack() as stack:
        sessions: dict[object, Session] = {}
        models: dict[ModelRef, Any] = {}
        for batch in batches:
            key = batch.factory if share_session else batch.cls
            if key not in sessions:
                # None of these is async: whoever calls has looked.
                sessions[key] = stack.enter_context(cast("Session", batch.factory()))
            models |= fetch(sessions[key], batch)
        yield models


def fetch(session: Session, batch: Batch) -> Found:
    """Load, and give the connection back to its pool: the task may take long, and lazy attributes get another one."""
    try:
        models = rows(session, batch.cls, batch.references)
        _end_transaction(session)
    except Exception as error:
        raise translated(session, error) from error
    return models


def _end_transaction(session: Session) -> None:
    """Without what a commit usually does to loaded attributes: code that cannot await could not load them again."""
    expires, session.expire_on_commit = session.expire_on_commit, False
    try:
        session.commit()
    finally:
        session.expire_on_commit = expires


@define(eq=False)
class _OnLoop:
    session: AsyncSession

    async def fetch(self, batch: Batch) -> Found:
        return await self.session.run_sync(fetch, batch)

    async def close(self) -> None:
        await asyncio.shield(self.session.close())


@define(eq=False)
class _InThread:
    """A plain session whose loading must not stop the loop. Only one thread at a time ever uses it."""

    session: Session
    working: "asyncio.Future[Found] | None" = field(init=False, default=None)

    async def fetch(self, batch: Batch) -> Found:
        self.working = asyncio.get_running_loop().run_in_executor(None, fetch, self.session, batch)
        return await asyncio.shield(self.working)

    async def close(self) -> None:
        close = partial(asyncio.get_running_loop().run_in_executor, None, self.session.close)
        if self.working is None or self.working.done():
            await asyncio.shield(close())
        else:  # whoever waited for the thread has been cancelled, and it cannot be: it closes when it is done
            self.working.add_done_callback(lambda done: (done.exception(), close()))


def _opened(factory: Factory, stack: AsyncExitStack) -> _OnLoop | _InThread:
    session = factory()
    opened = _OnLoop(session) if isinstance(session, AsyncSession) else _InThread(session)
    stack.push_async_callback(opened.close)
    return opened


async def _one_by_one(batches: Sequence[Batch], stack: AsyncExitStack) -> Found:
    sessions: dict[Factory, _OnLoop | _InThread] = {}
    models: dict[ModelRef, Any] = {}
    for batch in batches:  # a session does one thing at a time
        if batch.factory not in sessions:
            sessions[batch.factory] = _opened(batch.factory, stack)
        models |= await sessions[batch.factory].fetch(batch)
    return models


async def _together(batches: Sequence[tuple[_OnLoop | _InThread, Batch]]) -> Found:
    if len(batches) == 1:
        [(session, batch)] = batches
        return await session.fetch(batch)
    try:
        async with asyncio.TaskGroup() as group:
            fetching = [group.create_task(session.fetch(batch)) for session, batch in batches]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return {reference: model for each in fetching for reference, model in each.result().items()}
