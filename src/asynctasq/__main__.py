"""`python -m asynctasq` is `asynctasq`."""

import sys

from asynctasq.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
