"""Models as arguments: a program dispatches, another one changes the rows, a worker runs the tasks."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from attrs import frozen

from tests.acceptance.guides import function_table
from tests.acceptance.guides.block import blocks_of
from tests.acceptance.orms.django_shop import FILES
from tests.acceptance.test_guides import GUIDES

pytestmark = pytest.mark.acceptance

WORKER = ("-m", "asynctasq", "worker")
ORMS = Path(__file__).parent / "orms"
SQL = "UPDATE {} SET {} WHERE id = {}"
BLOCKS = {
    25: (
        "sqlalchemy.db",
        [("users", "email = 'new@example.com', name = 'Anna'", 1)],
        ["Sending welcome email to new@example.com (ID: 1)", "Processing order 100 for user Anna"],
    ),
    26: (
        "django.db",
        [("shop_user", "email = 'new@example.com'", 1), ("shop_product", "name = 'Lantern'", 5)],
        ["Sending welcome email to new@example.com", "Updating Lantern to $99.99"],
    ),
    27: (
        "tortoise.db",
        [("user", "name = 'Anna'", 1), ("post", "title = 'Hello again'", 10)],
        ["New post 'Hello again' by Anna"],
    ),
}
"""By the number of a block of the guide: where its rows are, what is changed in them, what the worker prints then."""


class Folder:
    """Where a user's program and its queue lie."""

    def __init__(self, path):
        self.path = path
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("ASYNCTASQ_", "DJANGO_"))}
        self.environment = clean | {"ASYNCTASQ_SQLITE_PATH": str(path / "queue.db")}

    def write(self, files):
        for name, text in files.items():
            (self.path / name).parent.mkdir(exist_ok=True)
            (self.path / name).write_text(text, encoding="utf-8")

    def run(self, *command):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=self.path,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.heard = done.stderr
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def work(self, *command):
        """The lines that a worker's tasks print until there is nothing left to do."""
        return self.run(*command, "--burst", "--process-pool-size", "1").splitlines()

    def queues(self):
        return json.loads(self.run("-m", "asynctasq", "queues", "--json"))

    def dead(self):
        return json.loads(self.run("-m", "asynctasq", "dead", "list", "--json"))


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


@pytest.mark.skipif(not GUIDES.is_dir(), reason="the guides do not lie beside this checkout")
@pytest.mark.parametrize("number", BLOCKS)
def test_the_block_of_an_orm_in_the_guide_prints_what_the_rows_say_by_then(folder, number):
    database, changes, printed = BLOCKS[number]
    codes = blocks_of(sorted(GUIDES.glob("*.txt"))[1].read_text(encoding="utf-8"))
    folder.write({"guide.py": function_table.BLOCKS[number - 1].module(codes, number, site="", driver="sqlite")})

    folder.run("guide.py")
    with sqlite3.connect(folder.path / database) as rows:
        for table, change, key in changes:
            rows.execute(SQL.format(table, change, key))
    rows.close()
    lines = folder.work(*WORKER)

    assert set(printed) <= set(lines)
    assert folder.dead() == []


@frozen
class Shop:
    """A user's files, the program among them that sells and changes, and what runs a worker."""

    files: Mapping[str, str]
    program: str = "shop.py"
    worker: Sequence[str] = WORKER
    model: str = "shop:Item"
    more: Sequence[str] = ()


SHOPS = {
    "sqlalchemy": Shop({"shop.py": (ORMS / "sqlalchemy_shop.py").read_text(encoding="utf-8")}),
    "tortoise": Shop({"shop.py": (ORMS / "tortoise_shop.py").read_text(encoding="utf-8")}),
    "django": Shop(FILES, "shop_program.py", ["manage.py", "asynctasq_worker"], "shop.models:Item", ["failed now"]),
}


@pytest.mark.parametrize("orm", ["sqlalchemy", "django", pytest.param("tortoise", marks=pytest.mark.full)])
def test_tasks_of_all_four_modes_get_rows_as_they_are_by_then(folder, orm):
    shop = SHOPS[orm]
    folder.write(shop.files)
    if "manage.py" in shop.files:
        folder.run("manage.py", "migrate", "--run-syncdb", "--verbosity", "0")

    folder.run(shop.program, "sell")
    folder.run(shop.program, "change")
    # Alone and first, so that no other task's statements are counted.
    lines = folder.work(*shop.worker, "--queues", "count,default", "--concurrency", "1")

    assert {"loop now", "thread now", "child now", "loop of child now", *shop.more} <= set(lines)
    assert {"0 items, 0 statements", "100 items, 1 statements"} <= set(lines)
    gone = [each for each in folder.dead() if "not found" in json.dumps(each)]
    assert f"model not found: {shop.model} with key 1000" in json.dumps(gone)


def test_a_database_that_cannot_be_opened_buries_nothing_and_costs_no_attempt(folder):
    folder.write(SHOPS["sqlalchemy"].files)
    folder.run("shop.py", "sell")
    (folder.path / "shop.db").rename(folder.path / "elsewhere.db")
    (folder.path / "shop.db").mkdir()  # which no driver can open

    folder.work(*WORKER, "--queues", "default")
    log = folder.heard
    [queue] = [each for each in folder.queues() if each["name"] == "default"]

    assert (queue["scheduled"], queue["dead"]) == (5, 0)
    for mode in ("on_loop", "in_thread", "in_child", "on_loop_of_child"):
        assert re.search(rf"task shop:{mode} \S+ waits 6\d s for its models", log)
