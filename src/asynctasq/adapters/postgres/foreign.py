"""Enqueueing on a connection that is the user's: of asyncpg, or of SQLAlchemy with any driver below it."""

import re
from collections import Counter
from collections.abc import Generator, Mapping, Sequence, Set
from contextlib import contextmanager
from inspect import isawaitable
from typing import Any, Protocol, cast

from asynctasq.adapters.postgres.connection import FAULTS, Row
from asynctasq.adapters.postgres.entering import ids_of, refused
from asynctasq.adapters.postgres.faults import state_of
from asynctasq.adapters.postgres.names import Home
from asynctasq.adapters.postgres.packing import columns_of, packs
from asynctasq.adapters.postgres.statements import sql
from asynctasq.domain.errors import Refused, Unsupported
from asynctasq.domain.message import Message
from asynctasq.domain.verdict import Refusal

_ASYNCPG = {"Connection", "PoolConnectionProxy"}
_SQLALCHEMY = {"Connection", "Session", "scoped_session"}
_SQLALCHEMY_ASYNC = {"AsyncConnection", "AsyncSession", "async_scoped_session"}
"""By name, because neither library need be there. Not a pool nor an engine: it would take a connection of its own."""

_FORBIDDEN = "42501"


class _AsyncpgConnection(Protocol):
    async def fetch(self, query: str, *args: object) -> Sequence[Row]: ...


class _SqlalchemyConnection(Protocol):
    """A connection or a session; those of `sqlalchemy.ext.asyncio` give an awaitable."""

    def execute(
        self, statement: Any, parameters: Mapping[str, object], *, execution_options: Mapping[str, object]
    ) -> Any: ...


async def enqueue_on(connection: object, home: Home, messages: Sequence[Message]) -> Sequence[Refusal]:
    """In the transaction that is open there."""
    if _is_one_of(connection, "asyncpg", _ASYNCPG):
        fetch = _fetch_by_asyncpg
    elif _is_one_of(connection, "sqlalchemy", _SQLALCHEMY | _SQLALCHEMY_ASYNC):
        fetch = _fetch_by_sqlalchemy
    else:
        raise _unknown(connection)
    _check(home, await fetch(connection, home, "whereabouts", str(home.tables.queue)))
    entered: Counter[str] = Counter()
    for pack in packs(messages):  # one, as in `enqueue`
        entered.update(ids_of(await fetch(connection, home, "enqueue_on", *columns_of(pack), home.channel)))
    return refused(messages, entered)


def enqueue_on_sync(connection: object, home: Home, messages: Sequence[Message]) -> Sequence[Refusal]:
    """The same without a loop."""
    if not _is_one_of(connection, "sqlalchemy", _SQLALCHEMY):
        raise _unknown(connection)
    _check(home, _execute(connection, home, "whereabouts", str(home.tables.queue)))
    entered: Counter[str] = Counter()
    for pack in packs(messages):
        entered.update(ids_of(_execute(connection, home, "enqueue_on", *columns_of(pack), home.channel)))
    return refused(messages, entered)


async def _fetch_by_asyncpg(connection: object, home: Home, verb: str, *arguments: object) -> Sequence[Row]:
    try:
        return await cast("_AsyncpgConnection", connection).fetch(sql(verb, home.tables), *arguments)
    except FAULTS as error:
        raise _failure(home, error) from error


async def _fetch_by_sqlalchemy(connection: object, home: Home, verb: str, *arguments: object) -> Sequence[Row]:
    with _in_our_words(home):
        result = _begun(connection, home, verb, arguments)
        return (await result if isawaitable(result) else result).mappings().all()


def _execute(connection: object, home: Home, verb: str, *arguments: object) -> Sequence[Row]:
    with _in_our_words(home):
        return _begun(connection, home, verb, arguments).mappings().all()


def _begun(connection: object, home: Home, verb: str, arguments: Sequence[object]) -> Any:
    """What `execute` gives, which sessions and connections have alike."""
    from sqlalchemy import text

    parameters = {f"p{number}": argument for number, argument in enumerate(arguments, 1)}
    # A name of a table may hold a colon too, and a dollar before a digit.
    statement = re.sub(r"CAST\(\$(\d+) ", r"CAST(:p\1 ", sql(verb, home.tables).replace(":", r"\:"))
    return cast("_SqlalchemyConnection", connection).execute(
        # Who reads large results by a cursor of the server's says so once for all of a connection's statements.
        text(statement),
        parameters,
        execution_options={"stream_results": False, "yield_per": None},
    )


@contextmanager
def _in_our_words(home: Home) -> Generator[None]:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, *FAULTS) as error:  # it lets pass what asyncpg says of an attempt to connect
        raise _failure(home, error) from error


def _check(home: Home, rows: Sequence[Row]) -> None:
    [found] = rows
    if found["oid"] != home.oid:
        raise Refused(
            f"options(connection=…) leads to database {found['database']!r}, which has "
            f"{'no' if found['oid'] is None else 'another'} table {home.tables.queue}: "
            f"give a connection to {home.place}, or dispatch by a driver for that database"
        )
    if found["read_only"]:
        raise Refused(
            "options(connection=…): a transaction that is read only takes no task: dispatch in one that is not"
        )


def _is_one_of(connection: object, library: str, kinds: Set[str]) -> bool:
    ancestors = type(connection).__mro__
    return any(each.__name__ in kinds and each.__module__.partition(".")[0] == library for each in ancestors)


def _unknown(connection: object) -> Unsupported:
    kind = f"{type(connection).__module__}.{type(connection).__qualname__}"
    return Unsupported(
        f"options(connection=…) cannot use a {kind} here: dispatch() takes a connection of asyncpg or a connection "
        "or session of SQLAlchemy, dispatch_sync() one of SQLAlchemy that is not async"
    )


def _failure(home: Home, error: Exception) -> Refused:
    # What SQLAlchemy itself says repeats the statement, with a task's arguments.
    said = getattr(error, "orig", None) or error
    state = state_of(said)
    text = f"the transaction did not take the task, and will not commit it: {said}"
    if state == _FORBIDDEN:
        text += f"; who dispatches needs SELECT and INSERT on {home.tables.queue} and SELECT on {home.tables.dead}"
    elif not state:
        text += f"; the connection must be open, not busy with something else, and lead to {home.place}"
    return Refused(text)
