"""While old and new workers share a queue, what only the new ones know waits for them."""

import shutil
from pathlib import Path

import pytest

from tests.acceptance.fleet import Fleet

pytestmark = pytest.mark.acceptance

COUNT = 200
BEFORE = 20
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


def test_an_old_worker_kills_nothing_that_only_a_new_one_knows(fleet: Fleet):
    old_folder = fleet.folder / "old"
    old_folder.mkdir()
    shutil.copy(fleet.folder / "ledger.py", old_folder)
    deploy(old_folder, "Known")
    deploy(fleet.folder, "Known", "Fresh")
    old = fleet.worker(folder=old_folder, concurrency=1)
    fleet.ready(old)

    fleet.dispatch("deployed:Fresh", *({"index": index} for index in range(BEFORE)))
    fleet.until(lambda: fleet.counts() == (0, BEFORE, 0, 0))
    new = fleet.worker(concurrency=50)
    fleet.ready(new)
    fleet.dispatch("deployed:Fresh", *({"index": index} for index in range(BEFORE, COUNT)))
    fleet.until(lambda: len(fleet.ledger.entries("finished")) >= COUNT // 2)
    # From here on the deploy is over; which of the two takes what comes due is a matter of chance.
    old.stop()
    fleet.until(lambda: not fleet.ledger.outstanding, within=60)
    fleet.settled()

    assert sorted(fleet.ledger.indexes("finished")) == list(range(COUNT))
    assert {entry.pid for entry in fleet.ledger.entries("finished")} == {new.pid}
    assert fleet.dead() == {}
    assert len(old.lines("WARNING", "deployed:Fresh")) == 1
