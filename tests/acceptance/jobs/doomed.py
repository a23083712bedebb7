"""A worker process, like `asynctasq worker`, on a queue that may be mortal or sabotaged."""

import asyncio
import logging
import os

from dependency_injector import providers
from sabotage import WAYS

from asynctasq import plugins
from asynctasq.app import current
from asynctasq.cli.order import Order
from asynctasq.cli.process import serve
from asynctasq.container import Container


def main() -> None:
    logging.basicConfig(level="INFO", format="%(levelname)s %(name)s: %(message)s")
    container = Container()
    settings = container.settings()
    queue = WAYS[os.environ.get("SABOTAGE", "")](plugins.load("queues", settings.driver)(settings))
    container.queue_loader.override(providers.Object(lambda driver: queue))
    application = container.application()
    current.pin(application)
    application.importer.load_apps()
    asyncio.run(serve(application, Order()))


if __name__ == "__main__":
    main()
