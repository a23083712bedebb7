"""Waiting without being woken: the server looks for news, and this side sleeps until there is some."""

import json

from asynctasq.adapters.mysql.connection import Connection
from asynctasq.adapters.mysql.lines import Lines, Outlook
from asynctasq.adapters.mysql.literals import microseconds
from asynctasq.adapters.mysql.statements import Statements
from asynctasq.adapters.mysql.taking import look

LOOK_SECONDS = 0.035
"""How long the server pauses between two looks."""
LONGEST_SECONDS = 20 * LOOK_SECONDS
"""Below what servers are told to note as slow. For so long one may watch in vain, for a client that waits no more."""

# For the next statement alone, which then sees what is committed while it runs. All others go by what it is at their
# beginning. What it sees need not be committed yet, so it only says when to look.
UNCOMMITTED = b"SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED"


async def watch(
    connection: Connection, statements: Statements, lines: Lines, queues: tuple[str, ...], seconds: float
) -> Outlook:
    """What a look finds once there may be something new, after so long at most."""
    news = lines.look(queues).news
    return await look(connection, lines, queues, UNCOMMITTED, statements("watch", pauses=pauses(seconds), news=news))


def pauses(seconds: float) -> str:
    """Pause by pause, how long it is and the microseconds at its end. The first comes before the first look.

    So news that is not to be had, as it is not committed or in others' hands, is asked for no more often than all else.
    """
    whole = microseconds(min(seconds, LONGEST_SECONDS))
    step = microseconds(LOOK_SECONDS)
    ends = [*range(step, whole, step), whole]
    return json.dumps([[(end - begin) / 1e6, end] for begin, end in zip([0, *ends], ends, strict=False)])
