"""`asynctasq dead`: the dead letters."""

from collections.abc import Sequence
from typing import Annotated

from cyclopts import App, Parameter, validators

from asynctasq.app.monitor import Monitor
from asynctasq.cli import letters, views
from asynctasq.cli.confirm import confirm
from asynctasq.cli.flags import NO_FLAGS, Flags
from asynctasq.cli.letters import Done, Letters
from asynctasq.cli.output import complain, dump, say, show_table
from asynctasq.cli.session import ask
from asynctasq.domain.errors import AsyncTasQError
from asynctasq.domain.options import check_queue_name
from asynctasq.domain.views import MessageView

LONGEST_REASON = 100

app = App(name="dead", help="List, show, retry or purge dead letters.")

Ids = Annotated[str, Parameter(name="ID", help="the tasks")]
InQueue = Annotated[str | None, Parameter(name="--queue", help="those of this queue")]
All = Annotated[bool, Parameter(name="--all", help="those of every queue")]
Limit = Annotated[
    int, Parameter(metavar="N", validator=validators.Number(gte=1), help="list at most so many [default: 100]")
]
Yes = Annotated[bool, Parameter(name="--yes", help="do not ask")]
AsJson = Annotated[bool, Parameter(name="--json", help="print JSON")]


@app.command(name="list")
def list_(*, queue: InQueue = None, limit: Limit = 100, as_json: AsJson = False, flags: Flags = NO_FLAGS) -> None:
    """List dead letters with the reason of each, the oldest first."""
    if queue is not None:
        check_queue_name(queue)
    found = ask(flags, lambda monitor: _first(monitor, queue, limit + 1))
    listed = found[:limit]
    if as_json:
        dump([views.as_json(view) for view in listed])
    elif listed:
        show_table(("id", "queue", "task", "attempts", "reason"), map(_row, listed))
    else:
        say("no dead letters")
    if len(found) > limit:
        complain(f"there are more than {limit}: --limit lists them")


@app.command
def show(
    *ids: Ids, queue: InQueue = None, everything: All = False, as_json: AsJson = False, flags: Flags = NO_FLAGS
) -> None:
    """Show dead letters whole: error, traceback, attempts, last worker."""
    chosen = Letters(ids, queue, everything)
    found = ask(flags, lambda monitor: letters.look(monitor, chosen))
    if as_json:
        dump([views.as_json(view) for view in found])
        return
    for view in found:
        views.show(view)
        say("")
    if not found:
        say("no dead letters")


@app.command
def retry(
    *ids: Ids, queue: InQueue = None, everything: All = False, as_json: AsJson = False, flags: Flags = NO_FLAGS
) -> None:
    """Start dead letters again with fresh attempts."""
    chosen = Letters(ids, queue, everything)
    _report("requeued", ask(flags, lambda monitor: letters.retry(monitor, chosen)), as_json=as_json)


@app.command
def purge(
    *ids: Ids,
    queue: InQueue = None,
    everything: All = False,
    yes: Yes = False,
    as_json: AsJson = False,
    flags: Flags = NO_FLAGS,
) -> None:
    """Forget dead letters."""
    chosen = Letters(ids, queue, everything)
    confirm(f"Forget {chosen}?", yes=yes)
    _report("purged", ask(flags, lambda monitor: letters.purge(monitor, chosen)), as_json=as_json)


async def _first(monitor: Monitor, queue: str | None, count: int) -> Sequence[MessageView]:
    found: list[MessageView] = []
    async for view in letters.walk(monitor, queue):
        found.append(view)
        if len(found) >= count:
            break
    return found


def _row(view: MessageView) -> list[str]:
    text = views.reason(view)
    cut = text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 1] + "…"
    return [view.message.id, view.message.queue, view.message.task, str(view.attempt), cut]


def _report(verb: str, done: Done, *, as_json: bool) -> None:
    if as_json:
        dump({verb: done.count, "problems": list(done.problems)})
    else:
        say(f"{verb} {letters.count_of(done.count)}")
    if done.problems:
        raise AsyncTasQError(f"not {verb}: {'; '.join(done.problems)}")
