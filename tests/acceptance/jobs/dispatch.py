"""Dispatches what it is given on its standard input, a few at a time, and notes each id that it gets back."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from dependency_injector import providers
from fate import MortalQueue
from ledger import Ledger, note

from asynctasq import plugins
from asynctasq.app import current
from asynctasq.app.sendable import Sendable
from asynctasq.container import Container
from asynctasq.domain.errors import Unavailable

TOGETHER = 20


async def main() -> None:
    work = json.load(sys.stdin)
    container = Container()
    settings = container.settings()
    queue = MortalQueue(plugins.load("queues", settings.driver)(settings))
    container.queue_loader.override(providers.Object(lambda driver: queue))
    current.pin(container.application())
    module, _, name = work["task"].partition(":")
    task = getattr(import_module(module), name)
    done = {entry.index for entry in Ledger(Path(os.environ["LEDGER"])).entries("dispatched")}
    left = [call for call in work["calls"] if call["index"] not in done]
    for at in range(0, len(left), TOGETHER):
        await asyncio.gather(*(_dispatch(task, work["config"], call) for call in left[at : at + TOGETHER]))
        await asyncio.sleep(work["pause_seconds"])


async def _dispatch(task: Callable[..., Sendable], config: dict[str, Any], call: dict[str, Any]) -> None:
    while True:
        sendable = task(**call)
        sendable.config.update({name: value for name, value in config.items() if name != "delay"})
        if "delay" in config:
            sendable.delay(config["delay"])
        try:
            note("dispatched", id=await sendable.dispatch(), index=call["index"])
        except Unavailable:
            note("unsure", index=call["index"])
        else:
            return


if __name__ == "__main__":
    asyncio.run(main())
