"""`asynctasq tasks`: one message."""

from typing import Annotated

from cyclopts import App, Parameter

from asynctasq.app.monitor import Monitor
from asynctasq.cli import views
from asynctasq.cli.flags import NO_FLAGS, Flags
from asynctasq.cli.output import dump, say
from asynctasq.cli.session import ask
from asynctasq.domain.errors import AsyncTasQError
from asynctasq.domain.record import TaskRecord
from asynctasq.domain.views import MessageView

app = App(name="tasks", help="Show or cancel one task.")

Id = Annotated[str, Parameter(help="what `dispatch()` returned")]


@app.command
def show(
    id: Id,
    /,
    *,
    as_json: Annotated[bool, Parameter(name="--json", help="print JSON")] = False,
    flags: Flags = NO_FLAGS,
) -> None:
    """Show a task that waits, runs, is dead or cancelled, or has succeeded and was kept."""
    view = ask(flags, lambda monitor: _get(monitor, id))
    facts = views.of_record(view) if isinstance(view, TaskRecord) else views.as_json(view)
    if as_json:
        dump(facts)
    else:
        views.show_facts(facts)


@app.command
def cancel(id: Id, /, *, flags: Flags = NO_FLAGS) -> None:
    """Cancel a task that waits or runs; the worker of a running one learns it at its next renewal."""
    for refusal in ask(flags, lambda monitor: monitor.cancel([id])):
        raise AsyncTasQError(f"task {id!r} was not cancelled: {refusal.text}")
    say(f"cancelled {id}")


async def _get(monitor: Monitor, id: str) -> MessageView | TaskRecord:
    view = await monitor.get(id) or await monitor.completed(id)
    if view is None:
        raise AsyncTasQError(
            f"task {id!r} is not known: {await monitor.describe()} keeps what has not succeeded, "
            "and with repository.keep_completed_tasks for a while what has"
        )
    return view
