"""What a supervisor starts: one worker process, which works as ordered and ends with its supervisor at the latest."""

import sys

from asynctasq.cli.failures import INTERRUPTED, explain
from asynctasq.cli.line import Line
from asynctasq.cli.work import work


def main() -> int:
    """Take the order and work; the exit status."""
    line = Line.take()
    try:
        work(line.order(), line)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - as in every command
        return explain(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
