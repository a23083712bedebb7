"""How a command fails: one line for people, a status for programs."""

import traceback

from cyclopts import CycloptsError

from asynctasq.cli.output import complain
from asynctasq.domain.errors import AsyncTasQError, ConfigurationError

DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130


def explain(error: Exception, *, debug: bool = False) -> int:
    """Say what went wrong; the exit status that it means."""
    if debug:
        traceback.print_exception(error)
    if isinstance(error, CycloptsError | ConfigurationError):
        complain(str(error))
        return WRONG_USAGE
    known = isinstance(error, AsyncTasQError)
    complain(str(error) if known else f"{type(error).__name__}: {error} (--debug shows where)")
    return FAILED
