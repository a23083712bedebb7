"""The program `asynctasq`: its commands, and how it fails."""

import io
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

from cyclopts import App, Parameter

from asynctasq.cli import dead, demo, queues, tasks
from asynctasq.cli.doctor import doctor
from asynctasq.cli.failures import DONE, FAILED, INTERRUPTED, explain
from asynctasq.cli.migrate import migrate
from asynctasq.cli.publish import publish
from asynctasq.cli.worker import worker

app = App(
    name="asynctasq",
    help="A task queue for asyncio that loses nothing.",
    help_format="plaintext",
    version=version("asynctasq"),
    default_parameter=Parameter(negative=(), show_default=False),
)
app.command(worker)
app.command(queues.app)
app.command(tasks.app)
app.command(dead.app)
app.command(migrate)
app.command(publish)
app.command(doctor)
app.command(demo.demo)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show a letter is no failure
    return app.meta(arguments, result_action="return_value", exit_on_error=False)


@app.meta.default
def _launch(
    *arguments: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    debug: Annotated[bool, Parameter(help="show tracebacks")] = False,
) -> int:
    try:
        app(arguments, result_action="return_value", exit_on_error=False, print_error=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody reads any more. The interpreter would complain when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - whatever it is, people get one line
        return explain(error, debug=debug)
    return DONE
