"""How much memory a process takes."""

import os
import subprocess
import sys
from pathlib import Path

MEGABYTE = 1024 * 1024

_KILOBYTE = 1024


def resident_bytes(pid: int) -> int:
    """What it has in memory now, 0 once it is gone."""
    try:
        if sys.platform == "linux":
            return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
        # Some milliseconds, where there is no file to ask.
        asked = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True)  # noqa: S603, S607
        return int(asked.stdout) * _KILOBYTE
    except (OSError, subprocess.SubprocessError, ValueError):
        return 0
