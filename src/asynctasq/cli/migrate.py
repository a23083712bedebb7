"""`asynctasq migrate`: make or upgrade the tables of drivers that want them made beforehand."""

from typing import Annotated

from cyclopts import Parameter

from asynctasq import plugins
from asynctasq.app.loops import run
from asynctasq.app.settings import Settings
from asynctasq.cli.flags import NO_FLAGS, Flags
from asynctasq.cli.output import say
from asynctasq.ports.schema import Schema

DryRun = Annotated[bool, Parameter(help="print the statements, run nothing")]
Force = Annotated[bool, Parameter(help="adopt tables of these names that something else made")]


def migrate(*, dry_run: DryRun = False, force: Force = False, flags: Flags = NO_FLAGS) -> None:
    """Create or upgrade the tables of the selected driver. Safe to repeat, and to run twice at once."""
    settings = Settings.load(flags.given())
    if settings.driver not in plugins.known("schemas"):
        plugins.load("queues", settings.driver)  # a driver that nobody knows is a mistake, not up to date
        say(f"driver {settings.driver!r} needs no migration")
        return
    schema: Schema = plugins.load("schemas", settings.driver)(settings)
    statements = run(schema.pending(force=force) if dry_run else schema.migrate(force=force))
    if not statements:
        say(f"the schema of driver {settings.driver!r} is up to date")
    elif dry_run:
        say("\n\n".join(f"{statement};" for statement in statements))
    else:
        say(f"the schema of driver {settings.driver!r} is up to date after {len(statements)} statements")
