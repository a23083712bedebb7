"""From an error of SQLAlchemy or its driver to one of ours."""

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from asynctasq.domain.errors import AsyncTasQError, NotLoaded, Unavailable


def translated(session: Session, error: Exception) -> AsyncTasQError:
    """`Unavailable` if the database gives no answer. Drivers call the same thing by many names, so it is asked."""
    if isinstance(error, AsyncTasQError):
        return error
    if _says_so(error) or not _answers(session):
        return Unavailable(f"the database of the models gives no answer: {_one_line(error)}")
    return NotLoaded(f"the models cannot be loaded: {_one_line(error)}")


def _says_so(error: Exception) -> bool:
    if isinstance(error, DBAPIError):
        return error.connection_invalidated
    return isinstance(error, PoolTimeoutError | OSError)


def _answers(session: Session) -> bool:
    try:
        session.rollback()
        session.execute(select(1))
        session.rollback()
    except Exception:  # noqa: BLE001 - whatever a driver raises then
        return False
    return True


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
