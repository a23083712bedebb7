"""One file: a task, a dispatch. Then `asynctasq worker --burst` in the same folder.

Together that prints:
    queued 3 messages
    to ada@example.org: Welcome
    to grace@example.org: Welcome
    to alan@example.org: Welcome
"""

import asyncio

from asynctasq import dispatch_many, run, task


@task(queue="emails", max_attempts=5, retry_delay=30)
async def send_email(to: str, *, subject: str) -> None:
    await asyncio.sleep(0.05)  # here a mail server would be asked
    print(f"to {to}: {subject}")


async def main() -> None:
    newcomers = ["ada@example.org", "grace@example.org", "alan@example.org"]
    ids = await dispatch_many([send_email(each, subject="Welcome") for each in newcomers])
    print(f"queued {len(ids)} messages")


if __name__ == "__main__":
    run(main())
