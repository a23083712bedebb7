"""One worker process, from its order to its end."""

from asynctasq.app import logs
from asynctasq.app.loops import run
from asynctasq.cli import apps
from asynctasq.cli.line import Line
from asynctasq.cli.order import Order
from asynctasq.cli.process import serve
from asynctasq.cli.session import refuse_memory


def work(order: Order, line: Line | None = None) -> None:
    """Work until a signal, the supervisor's word or the end of a burst; then the process ends here."""
    application = apps.load(order.settings, order.apps)
    refuse_memory(application.settings)
    logs.configure(application.settings.worker)
    run(serve(application, order, line))
