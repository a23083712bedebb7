"""While old and new workers share a queue, what only the new ones know waits for them."""

import shutil
from pathlib import Path

import pytest

from tests.acceptance.fleet import Fleet, Process

pytestmark = [pytest.mark.acceptance, pytest.mark.alone]

COUNT = 200
BEFORE = 10
"""How many are dispatched before there is a new worker."""
TASK = """
class {name}(AsyncTask[None]):
    index: int

    async def execute(self) -> None:
        note("finished", id=self._task_id, index=self.index)
"""


def deploy(folder: Path, *tasks: str) -> None:
    definitions = "\n".join(TASK.format(name=name) for name in tasks)
    (folder / "deployed.py").write_text(f"from ledger import note\n\nfrom asynctasq import AsyncTask\n\n{definitions}")


def rolled_out(fleet: Fleet) -> tuple[Process, Process]:
    """An old and a new worker side by side, and all messages on their way."""
    old_folder = fleet.folder / "old"
    old_folder.mkdir()
    shutil.copy(fleet.folder / "ledger.py", old_folder)
    deploy(old_folder, "Known")
    deploy(fleet.folder, "Known", "Fresh")
    old = fleet.worker(folder=old_folder)
    fleet.ready(old)
    fleet.dispatch("deployed:Fresh", *({"index": index} for index in range(BEFORE)))
    fleet.until(lambda: fleet.counts() == (0, BEFORE, 0, 0))
    new = fleet.worker()
    fleet.ready(new)
    fleet.dispatch("deployed:Fresh", *({"index": index} for index in range(BEFORE, COUNT)))
    return old, new


def check(fleet: Fleet, old: Process, new: Process) -> None:
    fleet.settled()

    assert sorted(fleet.ledger.indexes("finished")) == list(range(COUNT))
    assert {entry.pid for entry in fleet.ledger.entries("finished")} == {new.pid}
    assert fleet.dead() == {}
    assert len(old.lines("WARNING", "deployed:Fresh")) == 1


def test_an_old_worker_kills_nothing_that_only_a_new_one_knows(fleet: Fleet):
    old, new = rolled_out(fleet)
    fleet.until(lambda: len(fleet.ledger.entries("finished")) >= COUNT // 2)
    old.stop()
    fleet.until(lambda: not fleet.ledger.outstanding, within=60)

    check(fleet, old, new)


@pytest.mark.full
@pytest.mark.timeout(400)
def test_an_old_worker_that_stays_kills_nothing_either(fleet: Fleet):
    """Which of the two takes what comes due is chance, and each miss doubles the wait."""
    old, new = rolled_out(fleet)
    fleet.until(lambda: not fleet.ledger.outstanding, within=350)

    check(fleet, old, new)
