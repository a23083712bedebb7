"""What a driver says of its server is heard by `doctor` and shown by the banner of a worker."""

import asyncio

from dependency_injector import providers

from asynctasq import Container, Settings
from asynctasq.adapters.memory.queue import MemoryQueue
from asynctasq.cli import banner, checks
from asynctasq.cli.order import Order
from asynctasq.ports.durability import Durability

RISKS = ["appendonly is off: set `appendonly yes`", "eviction is on: set `noeviction`"]


class Risky(MemoryQueue, Durability):
    async def durability(self):
        return RISKS


def asked(question, queue):
    async def main():
        container = Container(settings=providers.Object(Settings()), queue=providers.Object(queue))
        async with container.application() as application:
            return await question(application)

    return asyncio.run(main())


def test_doctor_makes_a_problem_of_each_risk():
    found = asked(checks._queue, Risky())

    assert [(finding.check, finding.good) for finding in found] == [
        ("connection", True),
        ("durability", False),
        ("durability", False),
    ]
    assert [finding.text for finding in found[1:]] == RISKS


def test_a_queue_that_says_nothing_has_no_risks():
    assert [finding.check for finding in asked(checks._queue, MemoryQueue())] == ["connection"]


def test_a_banner_has_a_line_for_each_risk(capsys):
    asked(lambda application: banner.show(application, Order()), Risky())

    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert [text for name, text in lines if name == "durability"] == RISKS


def test_a_banner_says_how_many_processes_there_are(capsys):
    asked(lambda application: banner.show(application, Order(processes=3)), MemoryQueue())

    assert "10 in each of 3 processes" in capsys.readouterr().out
