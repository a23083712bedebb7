"""What AsyncTasQ costs while there is nothing to do."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.acceptance.fleet import Fleet, Process

pytestmark = [pytest.mark.acceptance, pytest.mark.alone]

TOMORROW_SECONDS = 86400
WATCHED_SECONDS = 10.0
LOOK_COUNT = 3
SHARE = 0.01
IMPORT_SECONDS = 0.15
WAKING_UP = "import time\nwhile True: time.sleep(0.02)"
LOADED = "import json, sys, asynctasq; print(json.dumps(sorted(sys.modules)))"
TIMED = "import time; start = time.perf_counter(); import asynctasq; print(time.perf_counter() - start)"


@pytest.mark.parametrize("fleet", ["sqlite", pytest.param("mysql", marks=pytest.mark.full)], indirect=True)
def test_an_idle_worker_uses_less_than_a_hundredth_of_a_core(fleet: Fleet):
    fleet.dispatch("counting:Count", {"index": 0, "seconds": 0}, delay=TOMORROW_SECONDS)
    worker = fleet.worker()
    fleet.ready(worker)

    bare = fleet.start("-c", WAKING_UP)
    # Whatever else the machine does can only add to what is seen, so one quiet look of three is proof.
    assert any(is_quiet(*used_by(worker, bare)) for _ in range(LOOK_COUNT))
    assert Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text() == ""
    assert fleet.counts() == (0, 1, 0, 0)


def is_quiet(used: float, bare_used: float) -> bool:
    """A busy machine, or a slow one, makes every wake-up dearer, also those of a process that does nothing else."""
    return used < max(SHARE * WATCHED_SECONDS, 6 * bare_used)


def used_by(*processes: Process) -> list[float]:
    """Seconds of a processor, over a while."""
    before = [process.cpu_seconds for process in processes]
    time.sleep(WATCHED_SECONDS)  # the claim is about a length of time
    return [process.cpu_seconds - seconds for process, seconds in zip(processes, before, strict=True)]


def python(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_importing_the_package_loads_no_driver_and_no_container():
    loaded = set(json.loads(python(LOADED)))

    assert not {name for name in loaded if name.startswith(("asynctasq.adapters", "asynctasq.container"))}
    assert not loaded & {"sqlite3", "msgpack", "rich", "dependency_injector", "cyclopts", "uvloop"}


def test_importing_the_package_takes_less_than_150_ms():
    assert min(float(python(TIMED)) for _ in range(5)) < IMPORT_SECONDS
