"""Asking before something is gone."""

import sys

from asynctasq.domain.errors import AsyncTasQError, ConfigurationError


def confirm(question: str, *, yes: bool) -> None:
    """Return if the answer is yes. Where nobody can answer, only `--yes` is an answer."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfigurationError(f"{question} Nobody is there to answer: repeat it with --yes")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise AsyncTasQError("nothing was changed")
