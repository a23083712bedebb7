"""`python failing.py 100000` dispatches so many tasks that fail for good; a worker imports it for the task."""

import sys

from asynctasq import dispatch_many, run, task

BATCH = 1000


@task(max_attempts=1)
async def fail(index: int) -> None:
    raise ValueError(f"number {index} fails")


async def main(count: int) -> None:
    for start in range(0, count, BATCH):
        await dispatch_many([fail(index) for index in range(start, start + BATCH)])


if __name__ == "__main__":
    run(main(int(sys.argv[1])))
