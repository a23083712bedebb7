"""Enqueueing on a connection that is the user's: of asyncpg, or of SQLAlchemy with any driver below it."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from inspect import isawaitable
from typing import Any, Protocol, cast

from asynctasq.adapters.postgres.connection import FAULTS, Row
from asynctasq.adapters.postgres.entering import arguments_of, enqueue, ids_of, refused
from asynctasq.adapters.postgres.names import Tables
from asynctasq.adapters.postgres.packing import packs
from asynctasq.adapters.postgres.statements import sql
from asynctasq.domain.errors import Refused, Unsupported
from asynctasq.domain.message import Message
from asynctasq.domain.verdict import Refusal


class _AsyncpgConnection(Protocol):
    async def fetch(self, query: str, *args: object) -> Sequence[Row]: ...


class _SqlalchemyConnection(Protocol):
    """A connection or a session; those of `sqlalchemy.ext.asyncio` give an awaitable."""

    def execute(self, statement: Any, parameters: Mapping[str, object]) -> Any: ...


async def enqueue_on(
    connection: object, tables: Tables, channel: str, messages: Sequence[Message]
) -> Sequence[Refusal]:
    """In the transaction that is open there."""
    match _library(connection):
        case "asyncpg":
            ours = cast("_AsyncpgConnection", connection)  # every kind of connection that asyncpg has can do this
            try:
                return await enqueue(ours.fetch, tables, channel, messages)
            except FAULTS as error:
                raise _refused(error) from error
        case "sqlalchemy":
            return await enqueue(_fetch_by_sqlalchemy(connection), tables, channel, messages)
        case _:
            raise _unknown(connection)


def enqueue_on_sync(connection: object, tables: Tables, channel: str, messages: Sequence[Message]) -> Sequence[Refusal]:
    """The same without a loop."""
    if _library(connection) != "sqlalchemy" or _is_async(connection):
        raise _unknown(connection)
    entered: Counter[str] = Counter()
    for pack in packs(messages):  # one, as in `enqueue`
        rows = _answer(_execute(connection, sql("enqueue", tables), arguments_of(pack, channel)))
        entered.update(ids_of(rows))
    return refused(messages, entered)


def _fetch_by_sqlalchemy(connection: object) -> Any:
    from sqlalchemy.exc import SQLAlchemyError

    async def fetch(statement: str, *arguments: object) -> Sequence[Row]:
        try:
            result = _execute(connection, statement, arguments)
            return _answer(await result if isawaitable(result) else result)
        except SQLAlchemyError as error:
            raise _refused(error) from error

    return fetch


def _execute(connection: object, statement: str, arguments: Sequence[object]) -> Any:
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    parameters = {f"p{number}": argument for number, argument in enumerate(arguments, 1)}
    named = text(re.sub(r"\$(\d+)", r":p\1", statement))
    try:
        return cast("_SqlalchemyConnection", connection).execute(named, parameters)  # sessions and connections alike
    except SQLAlchemyError as error:
        raise _refused(error) from error


def _answer(result: Any) -> Sequence[Row]:
    return result.mappings().all()


def _library(connection: object) -> str | None:
    roots = {ancestor.__module__.partition(".")[0] for ancestor in type(connection).__mro__}
    return next((name for name in ("asyncpg", "sqlalchemy") if name in roots), None)


def _is_async(connection: object) -> bool:
    return any(ancestor.__module__.startswith("sqlalchemy.ext.asyncio") for ancestor in type(connection).__mro__)


def _unknown(connection: object) -> Unsupported:
    kind = f"{type(connection).__module__}.{type(connection).__qualname__}"
    return Unsupported(
        f"options(connection=…) cannot use a {kind} here: dispatch() takes a connection of asyncpg or a connection "
        "or session of SQLAlchemy, dispatch_sync() one of SQLAlchemy that is not async"
    )


def _refused(error: Exception) -> Refused:
    return Refused(f"the transaction did not take the task, and will not commit it: {error}")
