"""Blocks of a guide in one folder: run as scripts, then drained by one worker beside them."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from attrs import define, field, frozen

from asynctasq import plugins
from asynctasq.app.ids import made_at
from asynctasq.app.settings import Settings
from asynctasq.domain.lifecycle import State
from asynctasq.domain.message import Message
from asynctasq.domain.views import MessageView
from asynctasq.ports.admin import EVERY_STATE
from tests.acceptance.guides.block import Block

PATIENCE_SECONDS = 120
OPEN_TO_VIEW = ("sqlite", "redis")
"""On these each message is looked at, on the others the worker's log must do."""
FATE = re.compile(
    r" (?P<module>\w+):\S+ (?P<id>[0-9a-f-]{36}) attempt \d+ \([\d.]+ s\) (?P<fate>succeeded|failed|is dead)"
)
PYTEST = [
    *("pytest", "--rootdir", ".", "-c", os.devnull, "-p", "no:cacheprovider"),
    *("-o", "asyncio_mode=strict", "-o", "asyncio_default_fixture_loop_scope=function"),
]
INSPECT = """
import importlib, json, sys
from asynctasq.app.registry import default

failures = []
for module in sys.argv[1:]:
    try:
        importlib.import_module(module)
    except Exception as error:
        failures.append([module, repr(error)])
known = [default.get(name) for name in default.names()]
print(json.dumps([*failures, *([each.name, each.mode.value, each.config.get("queue", "default")] for each in known)]))
"""


@frozen
class Sent:
    message: Message
    delay_seconds: int
    due_at: float


@define(eq=False)
class Course:
    """What has come of a guide's blocks, by their numbers. `variables` say where the queue is."""

    name: str
    folder: Path
    blocks: Mapping[int, Block]
    variables: Mapping[str, str]
    ran: dict[int, "subprocess.CompletedProcess[str]"] = field(factory=dict)
    sent: dict[int, list[Sent]] = field(factory=dict)
    defined: list[list[str]] = field(factory=list)
    queues: list[dict[str, Any]] = field(factory=list)
    left: dict[str, MessageView] = field(factory=dict)
    ended_at: float = 0.0
    looked_at: float = 0.0

    def write(self, codes: Sequence[str], site: str) -> None:
        for number, block in self.numbered():
            text = block.module(codes, number, driver=self.driver, site=site)
            (self.folder / f"{self.module(number)}.py").write_text(text, encoding="utf-8")

    def run(self) -> None:
        for number, block in self.numbered():
            file = f"{self.module(number)}.py"
            self.ran[number] = self._python("-m", *PYTEST, file) if block.test_count else self._python(file)
            if self.driver in OPEN_TO_VIEW:
                self.sent[number] = [_sent(view) for view in self._views() if self._is_from(number, view)]
        self._work()
        self._inspect()

    @property
    def driver(self) -> str:
        return self.variables.get("ASYNCTASQ_DRIVER", "sqlite")

    def numbered(self) -> Iterator[tuple[int, Block]]:
        return ((number, block) for number, block in self.blocks.items() if block.runs_on(self.driver))

    def module(self, number: int) -> str:
        return f"{self.name}_{number:02}"

    def fates(self, number: int) -> list[str]:
        """What became of the messages of a block, in the words of the table."""
        return sorted(f"{sent.message.queue}{self._fate(sent)}" for sent in self.sent[number])

    @property
    def due_meanwhile(self) -> Counter[str]:
        """How many delayed messages a slow machine may have let come due behind the worker's back, by queue."""
        sent = (each for of_one in self.sent.values() for each in of_one)
        return Counter(each.message.queue for each in sent if each.delay_seconds and each.due_at <= self.looked_at)

    def heard(self, number: int) -> Counter[str]:
        """What the worker's log says of the messages of a block, each by its last line."""
        last: dict[str, str] = {}
        for line in self.ran[0].stderr.splitlines():
            if (found := FATE.search(line)) and found["module"] == self.module(number):
                last[found["id"]] = found["fate"]
        return Counter(last.values())

    def tasks(self, number: int) -> list[str]:
        """What the module of a block has defined, in the words of the table."""
        module = self.module(number)
        found = [(name.partition(":"), rest) for name, *rest in self.defined]
        return sorted(" ".join([*rest, name]) for (home, _, name), rest in found if home == module)

    def story(self, number: int) -> str:
        module = self.module(number)
        heard = [line for line in self.ran[0].stderr.splitlines() if module in line]
        return "\n".join([self.ran[number].stdout, self.ran[number].stderr, *heard])

    def _work(self) -> None:
        queues = sorted({sent.split()[0] for block in self.blocks.values() for sent in block.sent})
        self.ran[0] = self._python("-m", "asynctasq", "worker", "--queues", ",".join(queues), "--burst")
        self.ended_at = time.time()
        if self.driver in OPEN_TO_VIEW:
            self.left = {view.message.id: view for view in self._views()}
            self.queues = json.loads(self._python("-m", "asynctasq", "queues", "--json").stdout)
            self.looked_at = time.time()

    def _inspect(self) -> None:
        modules = [self.module(number) for number, _ in self.numbered()]
        self.defined = json.loads(self._python("-c", INSPECT, *modules).stdout)

    def _fate(self, sent: Sent) -> str:
        left = self.left.get(sent.message.id)
        if left is None:
            came_due = sent.due_at <= self.ended_at
            return f" +{sent.delay_seconds}" if sent.delay_seconds and came_due else ""
        if left.state is State.SCHEDULED:
            return " retry" if left.attempt else f" +{sent.delay_seconds}"
        return f" {left.state.value}"

    def _is_from(self, number: int, view: MessageView) -> bool:
        return view.message.task.startswith(f"{self.module(number)}:")

    def _views(self) -> list[MessageView]:
        return asyncio.run(_views(self.variables))

    def _python(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={**_clean(os.environ), **self.variables},
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=PATIENCE_SECONDS,
        )


@contextmanager
def serving() -> Iterator[str]:
    """The address of a web server that answers everything with an empty object."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answer) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


def _clean(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith(("ASYNCTASQ_", "PYTEST_")) and not name.lower().endswith("_proxy")
    }


async def _views(variables: Mapping[str, str]) -> list[MessageView]:
    settings = Settings.load(environ=variables, dotenv=None)
    queue = plugins.load("queues", settings.driver)(settings)
    await queue.open()
    try:
        pages = [await queue.admin.find(state=state, limit=1000) for state in EVERY_STATE]
    finally:
        await queue.close()
    return [view for page in pages for view in page.messages]


def _sent(view: MessageView) -> Sent:
    """The delay counts from the dispatch; those of the guides are tens of seconds."""
    left_seconds = view.due_in_seconds or 0.0
    sent_at = made_at(view.message.id)
    assert sent_at is not None
    waited = datetime.now(UTC) - sent_at
    delay_seconds = round((left_seconds + waited.total_seconds()) / 10) * 10 if left_seconds else 0
    return Sent(view.message, delay_seconds, time.time() + left_seconds)
