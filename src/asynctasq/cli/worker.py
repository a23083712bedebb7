"""`asynctasq worker`: run tasks."""

from typing import Annotated

from cyclopts import Parameter

from asynctasq.app import logs
from asynctasq.app.loops import run
from asynctasq.cli import apps
from asynctasq.cli.flags import NO_FLAGS, Flags
from asynctasq.cli.process import serve
from asynctasq.cli.session import refuse_memory
from asynctasq.domain.errors import ConfigurationError
from asynctasq.domain.options import check_queue_name

Apps = Annotated[
    tuple[str, ...],
    Parameter(name="--app", metavar="MODULE[:CONTAINER]", help="import this, and nothing else later"),
]
Queues = Annotated[
    tuple[str, ...],
    Parameter(metavar="A,B", help="serve only these, the first ones first [default: all]"),
]
Burst = Annotated[bool, Parameter(help="end once there is nothing left to do")]
Processes = Annotated[int, Parameter(metavar="N", help="worker processes; this version runs 1")]


def worker(
    *, app: Apps = (), queues: Queues = (), burst: Burst = False, processes: Processes = 1, flags: Flags = NO_FLAGS
) -> None:
    """Run tasks until SIGTERM or Ctrl-C: then let those that run finish, and leave. A second signal hurries."""
    if processes != 1:
        raise ConfigurationError(f"--processes {processes}: this version runs 1 process per worker; start more workers")
    names = [check_queue_name(name) for each in queues for name in each.split(",")]
    application = apps.load(flags, app)
    refuse_memory(application.settings)
    logs.configure(application.settings.worker)
    run(serve(application, names, burst=burst))
