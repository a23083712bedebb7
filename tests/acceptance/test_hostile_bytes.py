"""What somebody writes straight into the queue file is dead with a reason, runs nothing and stops nobody."""

import sqlite3
import time
from pathlib import Path

import pytest

from asynctasq.domain.message import Message
from asynctasq.domain.wire import dumps_header
from tests.acceptance.fleet import Fleet

pytestmark = [pytest.mark.acceptance, pytest.mark.alone]

NO_ARGUMENTS = b"\x01\x92\x90\x80"
WRITES_A_FILE = "from pathlib import Path\nPath('written').touch()\n\n\ndef main(): ...\n"
CPU_SECONDS = 2.0


def header_naming(task: str) -> bytes:
    return dumps_header(Message("", "default", task=task, body=b""))


CASES = {
    "no header": (b"", NO_ARGUMENTS, "the header cannot be read"),
    "a header of garbage": (b"\xff\x00\xfe garbage", NO_ARGUMENTS, "the header cannot be read"),
    "a deep header": (b"[" * 100_000, NO_ARGUMENTS, "the header cannot be read"),
    "a header of other types": (b'[1,"a:b",[],0,null]', NO_ARGUMENTS, "the header cannot be read"),
    "no body": (header_naming("counting:Count"), b"", "the body is empty"),
    "a body of garbage": (header_naming("counting:Count"), b"\x01\xc1\xff garbage", "the body cannot be read"),
    "a deep body": (header_naming("counting:Count"), b"\x01" + b"\x91" * 100_000, "the body cannot be read"),
    "a body that is no call": (header_naming("counting:Count"), b"\x01\x2a", "holds no arguments"),
    "a name that is none": (
        header_naming("__import__('os').system('touch written')"),
        NO_ARGUMENTS,
        "no name of a task",
    ),
    "the standard library": (header_naming("subprocess:Popen"), NO_ARGUMENTS, "is not found under"),
    "an installed package": (header_naming("pip._internal:main"), NO_ARGUMENTS, "is not found under"),
    "a module of a package": (header_naming("package.module:main"), NO_ARGUMENTS, "does not import asynctasq"),
    "a script": (header_naming("script:main"), NO_ARGUMENTS, "does not import asynctasq"),
    "a module in a virtual environment": (header_naming("env.tasks:main"), NO_ARGUMENTS, "belongs to an installation"),
    "an object that is no task": (header_naming("counting:enter"), NO_ARGUMENTS, "is not a task"),
}


def lay_traps(folder: Path) -> None:
    environment = folder / ".venv" / "lib" / "python3.11" / "site-packages"
    for place in (environment / "pip" / "_internal", folder / "package", folder / "env"):
        place.mkdir(parents=True)
        (place / "__init__.py").write_text(WRITES_A_FILE)
    for marker in (folder / ".venv", folder / "env"):
        (marker / "pyvenv.cfg").touch()
    (folder / "env" / "tasks.py").write_text(f"import asynctasq\n{WRITES_A_FILE}")
    (folder / "package" / "module.py").write_text(WRITES_A_FILE)
    (folder / "script.py").write_text(WRITES_A_FILE)


def put_bytes(path: Path) -> None:
    connection = sqlite3.connect(path)
    rows = [(id, time.time(), header, body) for id, (header, body, _) in CASES.items()]
    with connection:
        connection.executemany(
            "INSERT INTO message (id, queue, state, priority, due, header, body)"
            " VALUES (?, 'default', 'ready', 0, ?, ?, ?)",
            rows,
        )
    connection.close()


def test_hostile_bytes_are_dead_with_a_reason_and_harm_nothing(fleet: Fleet):
    lay_traps(fleet.folder)
    fleet.dispatch("counting:Count", *({"index": index, "seconds": 0} for index in range(5)))
    put_bytes(fleet.path)
    fleet.dispatch("counting:Count", *({"index": index, "seconds": 0} for index in range(5, 10)))

    worker = fleet.worker()
    fleet.settled()

    letters = fleet.dead()
    reasons = {id: letter.error.message if letter.error else "" for id, letter in letters.items()}
    assert reasons.keys() == CASES.keys()
    assert {id: reason for id, (_, _, reason) in CASES.items() if reason not in reasons[id]} == {}, reasons
    assert sorted(fleet.ledger.indexes("finished")) == list(range(10))
    assert not (fleet.folder / "written").exists()
    assert {letter.attempt for letter in letters.values()} == {1}
    assert worker.cpu_seconds < CPU_SECONDS
