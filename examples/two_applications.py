"""Two applications in one process, each with a queue and a worker of its own, wired by a host's container.

It prints:
    the shop has 2 waiting, the office has 1
    packed a book
    packed a pen
    filed an invoice
"""

from dependency_injector import containers, providers

from asynctasq import Container, Settings, run, task


@task(queue="parcels")
async def pack(what: str) -> None:
    print(f"packed {what}")


@task(queue="papers")
async def file(what: str) -> None:
    print(f"filed {what}")


class Host(containers.DeclarativeContainer):
    shop = providers.Container(
        Container, settings=providers.Singleton(Settings.load, {"driver": "sqlite", "sqlite": {"path": "shop.db"}})
    )
    office = providers.Container(Container, settings=providers.Singleton(Settings.load, {"driver": "memory"}))


async def main() -> None:
    host = Host()
    shop, office = host.shop.application(), host.office.application()
    await shop.dispatcher.dispatch_many([pack("a book"), pack("a pen")])
    await office.dispatcher.dispatch(file("an invoice"))

    (parcels,), (papers,) = await shop.monitor.stats(), await office.monitor.stats()
    print(f"the shop has {parcels.pending} waiting, the office has {papers.pending}")

    for application in (shop, office):
        await application.worker(burst=True).run()
        await application.aclose()


if __name__ == "__main__":
    run(main())
