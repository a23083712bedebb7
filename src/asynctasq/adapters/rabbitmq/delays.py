"""A delay as a way through levels: queues that hold a message for 1, 2, 4 … units and pass it on.

The routing key has a digit for each level and ends in the name of the queue: `….0.1.0.1.mail` waits five units.
A queue-level TTL each, because RabbitMQ lets only the head of a queue expire.
"""

import math

from attrs import frozen

HIGHEST_LEVEL = 16
LONGEST_UNITS = 2 ** (HIGHEST_LEVEL + 1) - 1
LONGEST_SECONDS = 100 * 365 * 86400.0
"""A policy may grow a delay beyond every number."""


@frozen
class Way:
    """Enter at `level` with `key`; what is longer than all levels together waits `later_seconds` more after that."""

    level: int
    key: str
    later_seconds: float


def way(queue: str, delay_seconds: float, unit_seconds: float) -> Way | None:
    """Never shorter than the delay, and less than a unit longer; None for no delay at all."""
    if not delay_seconds > 0:
        return None
    seconds = min(delay_seconds, LONGEST_SECONDS)
    # Three times 0.1 s are not a billionth more than 0.3 s because floats say so.
    units = math.ceil(seconds / unit_seconds - 1e-9)
    later = max(0.0, seconds - LONGEST_UNITS * unit_seconds)
    units = max(1, min(units, LONGEST_UNITS))
    digits = f"{units:0{HIGHEST_LEVEL + 1}b}"
    return Way(units.bit_length() - 1, ".".join((*digits, queue)), later)


def milliseconds(level: int, unit_seconds: float) -> int:
    """How long a message waits at this level."""
    return math.ceil(2**level * unit_seconds * 1000)


def held_here(level: int) -> str:
    """The keys that wait at this level."""
    return _pattern(level, "1")


def passed_on(level: int) -> str:
    """The keys that do not."""
    return _pattern(level, "0")


def due(queue: str) -> str:
    """The keys that end in this queue and no other: a name may have dots."""
    return ".".join((*"*" * (HIGHEST_LEVEL + 1), queue))


def _pattern(level: int, digit: str) -> str:
    return ".".join((*"*" * (HIGHEST_LEVEL - level), digit, "#"))
