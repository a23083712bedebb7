"""`asynctasq doctor`: whether everything is as a worker wants it, and what to do where it is not."""

from typing import Annotated

from attrs import asdict
from cyclopts import Parameter

from asynctasq.app.loops import run
from asynctasq.cli.checks import examine
from asynctasq.cli.flags import NO_FLAGS, Flags
from asynctasq.cli.output import dump, say
from asynctasq.cli.worker import Apps
from asynctasq.domain.errors import AsyncTasQError


def doctor(
    *,
    app: Apps = (),
    as_json: Annotated[bool, Parameter(name="--json", help="print JSON")] = False,
    flags: Flags = NO_FLAGS,
) -> None:
    """Check settings, tasks, connection, durability and schema; say what to do about each problem."""
    findings = run(examine(flags.given(), app))
    if as_json:
        dump([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            say(f"{'ok' if finding.good else 'problem':<8} {finding.check:<11} {finding.text}")
    count = sum(not finding.good for finding in findings)
    if count:
        raise AsyncTasQError(f"{count} problem{'s' if count > 1 else ''} found")
