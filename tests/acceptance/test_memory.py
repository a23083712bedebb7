"""What a worker has done leaves nothing behind in its memory."""

import os
import statistics
from pathlib import Path

import pytest

from tests.acceptance.fleet import Fleet, Process

pytestmark = [pytest.mark.acceptance, pytest.mark.alone, pytest.mark.full]

COUNT = 100_000
WITHIN_SECONDS = 180.0
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def resident_bytes(worker: Process) -> int:
    """0 once it has ended."""
    try:
        return int(Path(f"/proc/{worker.pid}/statm").read_text().split()[1]) * PAGE_BYTES
    except OSError:
        return 0


def test_a_hundred_thousand_failures_leave_the_memory_of_a_worker_as_it_was(fleet: Fleet):
    assert fleet.start("failing.py", str(COUNT)).ended(within=WITHIN_SECONDS) == 0
    worker = fleet.start("-m", "asynctasq", "worker", "--burst", "--concurrency", "50")
    samples: list[tuple[int, int]] = []

    def ended() -> bool:
        # Every failure writes the same lines, so the length of the log says how far it is.
        samples.append((worker.log.stat().st_size, resident_bytes(worker)))
        return worker.status is not None

    fleet.until(ended, within=WITHIN_SECONDS)

    assert worker.status == 0
    assert fleet.counts() == (0, 0, 0, COUNT)
    tenths: list[list[int]] = [[] for _ in range(10)]
    for size, taken in samples:
        if taken:
            tenths[min(9, 10 * size // samples[-1][0])].append(taken)
    second, last = (statistics.median(tenths[index]) for index in (1, -1))
    print(*(round(statistics.median(tenth) / 1e6, 1) for tenth in tenths), "MB")
    assert last < 1.05 * second
