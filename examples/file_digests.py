"""Blocking work in threads: a plain function is a task too, and keeps the loop free for async ones.

With a worker in a burst it prints:
    file_digests.py has
    and somewhere else the loop goes on
"""

import hashlib
from pathlib import Path

from asynctasq import dispatch_many, run, task


@task(timeout=60)
def digest(path: Path) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    print(f"{path.name} has {found[:12]}")


@task
async def note(text: str) -> None:
    print(f"and somewhere else {text}")


async def main() -> None:
    await dispatch_many([digest(Path(__file__)), note("the loop goes on")])


if __name__ == "__main__":
    run(main())
