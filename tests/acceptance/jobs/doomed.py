"""A worker process, like `asynctasq worker`, on a queue that may be mortal or sabotaged."""

import asyncio
import logging
import os

from dependency_injector import providers
from sabotage import WAYS

from asynctasq.app import current
from asynctasq.cli.process import serve
from asynctasq.container import Container


def main() -> None:
    logging.basicConfig(level="INFO", format="%(levelname)s %(name)s: %(message)s")
    container = Container()
    queue = WAYS[os.environ.get("SABOTAGE", "")](container.settings().sqlite.path)
    container.queue_loader.override(providers.Object(lambda driver: queue))
    application = container.application()
    current.pin(application)
    application.importer.load_apps()
    asyncio.run(serve(application, [], burst=False))


if __name__ == "__main__":
    main()
