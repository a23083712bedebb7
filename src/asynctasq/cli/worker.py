"""`asynctasq worker`: run tasks."""

from typing import Annotated

from cyclopts import Parameter, validators

from asynctasq.app import logs
from asynctasq.app.loops import run
from asynctasq.app.settings import Settings
from asynctasq.cli.flags import NO_FLAGS, Flags
from asynctasq.cli.order import Order
from asynctasq.cli.supervisor import supervise
from asynctasq.cli.work import work
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
Processes = Annotated[
    int, Parameter(metavar="N", validator=validators.Number(gte=1), help="worker processes, each with this concurrency")
]
HealthPort = Annotated[
    int | None,
    Parameter(
        metavar="PORT",
        validator=validators.Number(gte=1, lt=65536),
        help="answer /livez and /readyz here; each further process on the port after",
    ),
]


def worker(
    *,
    app: Apps = (),
    queues: Queues = (),
    burst: Burst = False,
    processes: Processes = 1,
    health_port: HealthPort = None,
    flags: Flags = NO_FLAGS,
) -> None:
    """Run tasks until SIGTERM or Ctrl-C: then let those that run finish, and leave. A second signal hurries."""
    names = tuple(check_queue_name(name) for each in queues for name in each.split(","))
    order = Order(
        apps=app,
        queues=names,
        burst=burst,
        processes=processes,
        health_port=health_port,
        settings=flags.given(),
    )
    if processes == 1:
        work(order)
        return
    logs.configure(Settings.load(order.settings).worker)
    run(supervise(order))
