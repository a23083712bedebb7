"""Pools and processes: a connection belongs to the process that opened it."""

import logging
import os
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakSet

from sqlalchemy import Engine, NullPool
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import DeclarativeBase, DeclarativeBaseNoMeta

from asynctasq.adapters.models.sqlalchemy.sessions import FACTORY

log = logging.getLogger("asynctasq.models")

_used: "WeakSet[Engine]" = WeakSet()
_advised: "WeakSet[Engine]" = WeakSet()


def note(factory: Callable[[], Any], *, in_child: bool) -> None:
    """Remember the engine behind a factory that is used, to say so should this process fork."""
    engine = _engine_of(factory)
    if engine is not None:
        _used.add(engine)
        if in_child:
            _advise(engine)


def advise_on_bases() -> None:
    """Look at all base classes that have a session factory by now."""
    for base in (DeclarativeBase, DeclarativeBaseNoMeta):
        for cls in _below(base):
            engine = _engine_of(vars(cls).get(FACTORY))
            if engine is not None:
                _advise(engine)


def _advise(engine: Engine) -> None:
    if engine in _advised or isinstance(engine.pool, NullPool):
        return
    _advised.add(engine)
    log.warning(
        "%r keeps a pool of connections in each child process of the worker: "
        "create it with poolclass=NullPool for process tasks",
        engine,
    )


def _warn_before_fork() -> None:
    for engine in tuple(_used):
        if not isinstance(engine.pool, NullPool):
            log.warning(
                "this process forks while %r pools connections, which the two would share: use poolclass=NullPool, "
                "or call engine.dispose(close=False) first thing in the child",
                engine,
            )


def _engine_of(factory: object) -> Engine | None:
    bind = getattr(factory, "kw", {}).get("bind")
    if isinstance(bind, AsyncEngine):
        return bind.sync_engine
    return bind if isinstance(bind, Engine) else None


def _below(cls: type[Any]) -> Iterator[type[Any]]:
    for subclass in cls.__subclasses__():
        yield subclass
        yield from _below(subclass)


if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(before=_warn_before_fork)
