"""`asynctasq queues`: what lies where."""

from collections.abc import Sequence
from typing import Annotated

from attrs import asdict
from cyclopts import App, Parameter

from asynctasq.app.monitor import Monitor
from asynctasq.cli.confirm import confirm
from asynctasq.cli.flags import NO_FLAGS, Flags
from asynctasq.cli.output import dump, say, show_table
from asynctasq.cli.session import ask
from asynctasq.domain.lifecycle import State
from asynctasq.domain.options import check_queue_name
from asynctasq.domain.views import QueueStats

WAITING = frozenset({State.PENDING, State.SCHEDULED})
COLUMNS = ("name", "pending", "scheduled", "running", "dead")

app = App(name="queues", help="Show each queue with its counts, or purge one.")


@app.default
def show(
    *,
    as_json: Annotated[bool, Parameter(name="--json", help="print JSON")] = False,
    flags: Flags = NO_FLAGS,
) -> None:
    """Show each queue with its counts: `scheduled` holds what is delayed and what is retried later."""
    place, stats = ask(flags, _look)
    if as_json:
        dump([asdict(each) for each in stats])
        return
    if stats:
        show_table(COLUMNS, [_row(each) for each in stats])
    else:
        say("no queue holds anything")
    say(f"in {place}")


@app.command
def purge(
    name: Annotated[str, Parameter(help="the queue")],
    /,
    *,
    yes: Annotated[bool, Parameter(help="do not ask")] = False,
    flags: Flags = NO_FLAGS,
) -> None:
    """Forget every waiting message of a queue. What runs goes on, dead letters stay."""
    check_queue_name(name)
    confirm(f"Forget every waiting message of queue {name!r}?", yes=yes)
    count = ask(flags, lambda monitor: monitor.purge(name, states=WAITING))
    say(f"purged {count} waiting messages of queue {name!r}" if count else f"queue {name!r} holds no waiting message")


async def _look(monitor: Monitor) -> tuple[str, Sequence[QueueStats]]:
    return await monitor.describe(), await monitor.stats()


def _row(stats: QueueStats) -> list[str]:
    values = asdict(stats)
    return ["unknown" if values[column] is None else str(values[column]) for column in COLUMNS]
