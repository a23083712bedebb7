"""One task goes to a queue of its own making, all others to the default one.

It prints:
    default: 1 waiting
    archive: 1 waiting
    archived the minutes
"""

from asynctasq import run, task
from asynctasq.adapters.sqlite.queue import SqliteQueue
from asynctasq.container import build

archive = SqliteQueue("archive.db")


@task(driver=archive, queue="archive")
async def store(document: str) -> None:
    print(f"archived {document}")


@task
async def greet(name: str) -> None:
    print(f"hello {name}")


async def main() -> None:
    application = build({"driver": "memory"})
    await application.dispatcher.dispatch_many([greet("Ada"), store("the minutes")])

    for driver in (None, archive):
        for stats in await application.monitor.stats(driver=driver):
            print(f"{stats.name}: {stats.pending} waiting")

    await application.worker(driver=archive, burst=True).run()
    await application.aclose()


if __name__ == "__main__":
    run(main())
