"""A task that leaves one line and does nothing else, for many at once."""

import os

from asynctasq import task

TALLY = os.open(os.environ["LEDGER"] + ".tally", os.O_WRONLY | os.O_CREAT | os.O_APPEND)


@task
async def tally(index: int) -> None:
    os.write(TALLY, b"%d\n" % index)
