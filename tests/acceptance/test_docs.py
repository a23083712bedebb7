"""Every program, snippet and command of the documentation runs, and prints what its page shows."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from asynctasq.adapters.mysql.address import parse
from asynctasq.adapters.mysql.connection import Connection
from tests import rabbitmq
from tests.moto_server import MotoServer
from tests.pages import PAGES, ROOT, Block, Command, blocks, commands
from tests.servers import URLS

pytestmark = pytest.mark.acceptance

EXAMPLES = {
    "send_email.py": ["python send_email.py", "asynctasq worker --burst"],
    "order_with_hooks.py": ["python order_with_hooks.py", "asynctasq worker --burst"],
    "file_digests.py": ["python file_digests.py", "asynctasq worker --burst"],
    "moody_service.py": ["python moody_service.py", "asynctasq worker --burst"],
    "two_applications.py": ["python two_applications.py"],
    "side_queue.py": ["python side_queue.py"],
    "fresh_rows.py": ["python fresh_rows.py", "asynctasq worker --burst"],
}
"""What to run, in order; the end of an example's docstring shows what that prints."""

RUN = ("asynctasq ", "python ", "pytest ")
NOT_RUN = ("pip ", "make ")
"""They need a network or a checkout; `tests/unit/test_docs.py` looks at the targets of `make`."""

MYSQL_TABLES = (f"pages_{os.getpid()}", f"pages_dead_{os.getpid()}")
POSTGRES_SCHEMA = f"pages_{os.getpid()}"
RABBITMQ_NAMES = rabbitmq.new_names()
SNIPPETS = ROOT / "tests" / "snippets.py"
TRIED = [page for page in PAGES if any(block.language in ("python", "console") for block in blocks(page))]


class Reader:
    """Does in a folder of its own what a page says, from top to bottom; snippets are one program that comes last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._snippets: list[Block] = []

    def read(self, page: Path) -> None:
        for block in blocks(page):
            if block.file:
                (self._folder / block.file).parent.mkdir(parents=True, exist_ok=True)
                (self._folder / block.file).write_text(block.code, encoding="utf-8")
            elif block.language == "python":
                self._snippets.append(block)
            elif block.language == "console":
                for command in commands(block):
                    self._try(command)
        if self._snippets:
            self._run_snippets()

    def run(self, line: str) -> str:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("ASYNCTASQ_", "PYTEST_"))}
        environment = clean | {
            # A reader's folder has no queue above it; this one may.
            "ASYNCTASQ_SQLITE_PATH": str(self._folder / ".asynctasq" / "queue.db"),
            "ASYNCTASQ_MYSQL_DSN": URLS["mysql"],
            "ASYNCTASQ_MYSQL_QUEUE_TABLE": MYSQL_TABLES[0],
            "ASYNCTASQ_MYSQL_DEAD_LETTER_TABLE": MYSQL_TABLES[1],
            "ASYNCTASQ_POSTGRES_DSN": URLS["postgres"],
            "ASYNCTASQ_POSTGRES_QUEUE_TABLE": f"{POSTGRES_SCHEMA}.task_queue",
            "ASYNCTASQ_POSTGRES_DEAD_LETTER_TABLE": f"{POSTGRES_SCHEMA}.dead_letter_queue",
            "ASYNCTASQ_RABBITMQ_URL": URLS["rabbitmq"],
            "ASYNCTASQ_RABBITMQ_EXCHANGE_NAME": RABBITMQ_NAMES.exchange,
            "ASYNCTASQ_REDIS_URL": URLS["redis"],
            "ASYNCTASQ_REDIS_PREFIX": f"pages-{os.getpid()}",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONUNBUFFERED": "1",
        }
        done = subprocess.run(
            line,
            shell=True,
            cwd=self._folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}"
        return done.stdout

    def _try(self, command: Command) -> None:
        if command.line.startswith(NOT_RUN):
            return
        assert command.line.startswith(RUN), f"{command.block.where}: nobody decided whether to run {command.line!r}"
        output = self.run(_ending(command.line))
        if command.shown:
            assert matches(command.shown, output), f"{command.block.where}: {command.line} gave\n{output}"

    def _run_snippets(self) -> None:
        program = "\n".join(block.code for block in self._snippets)
        (self._folder / "snippets_of_page.py").write_text(program, encoding="utf-8")
        self.run(f"{sys.executable} {SNIPPETS} {self._folder / 'snippets_of_page.py'}")


def _ending(line: str) -> str:
    """A worker that a page starts for good is tried until its queues are empty."""
    return f"{line} --burst" if line.startswith("asynctasq worker") and "--burst" not in line else line


def matches(shown: str, output: str) -> bool:
    """Whether the output is what is shown. `…` stands for any part of a line, on a line of its own for any lines."""
    lines = [
        r"(?:.*\n)*?" if line == "…" else ".*?".join(map(re.escape, line.split("…"))) + r"\n"
        for line in shown.rstrip().splitlines()
    ]
    printed = "".join(f"{line.rstrip()}\n" for line in output.rstrip().splitlines())
    return re.fullmatch("".join(lines), printed) is not None


def _tried(page: Path):
    """How to use a broker is tried where there is one."""
    broker = page.stem.removeprefix("use-")
    marks = [pytest.mark.broker(broker)] if broker in {*URLS, "sqs"} else []
    return pytest.param(page, marks=marks, id=str(page.relative_to(ROOT)))


@pytest.fixture
def amazon(page, monkeypatch):
    """Who answers, on the page about it, in Amazon's place."""
    if page.stem != "use-sqs":
        yield
        return
    with MotoServer() as server:
        keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
        for name, value in {"AWS_ENDPOINT_URL_SQS": server.url, **keys}.items():
            monkeypatch.setenv(name, value)
        yield


@pytest.fixture
def tables(page):
    """The pages about PostgreSQL and MySQL make some, and that about RabbitMQ queues."""
    yield
    if page.stem == "use-postgres":
        asyncio.run(_drop_schema())
    if page.stem == "use-mysql":
        asyncio.run(_drop_tables())
    if page.stem == "use-rabbitmq":
        asyncio.run(rabbitmq.Broker(RABBITMQ_NAMES).clear())


async def _drop_schema():
    connection = await asyncpg.connect(URLS["postgres"])
    await connection.execute(f"DROP SCHEMA {POSTGRES_SCHEMA} CASCADE")
    await connection.close()


async def _drop_tables():
    connection = await Connection.open(parse(URLS["mysql"]))
    await connection.run(f"DROP TABLE {', '.join(MYSQL_TABLES)}".encode())
    await connection.leave()


@pytest.mark.parametrize("page", [_tried(page) for page in TRIED])
def test_everything_on_a_page_runs(page, tmp_path, amazon, tables):
    Reader(tmp_path).read(page)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_prints_what_its_docstring_shows(example, tmp_path):
    source = (ROOT / "examples" / example).read_text(encoding="utf-8")
    (tmp_path / example).write_text(source, encoding="utf-8")
    reader = Reader(tmp_path)

    output = "".join(reader.run(line) for line in EXAMPLES[example])

    shown = source.split('"""')[1].partition("prints:\n")[2]
    for line in filter(None, map(str.strip, shown.splitlines())):
        assert line in output


def test_every_example_is_run():
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == set(EXAMPLES)
