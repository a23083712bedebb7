"""`asynctasq doctor`: what is well, what is not, and what to do."""

import sqlite3
from contextlib import closing

import pytest

from tests import servers
from tests.acceptance.project import complaint

pytestmark = pytest.mark.acceptance


def problems(project, *arguments):
    return [finding for finding in project.json("doctor", *arguments) if not finding["good"]]


def test_all_is_well(project):
    done = project.cli("doctor", "--app", "shop")

    assert done.returncode == 0
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        ["ok", "settings"],
        ["ok", "tasks"],
        ["ok", "connection"],
    ]
    assert "3 in shop" in done.stdout
    assert str(project.folder / ".asynctasq" / "queue.db") in done.stdout


def test_every_problem_is_one_line_and_the_status_is_1(project):
    project.environ["ASYNCTASQ_SIGNING_KEY"] = "short-secret"

    done = project.cli("doctor", "--app", "nowhere", "--driver", "memory")

    assert done.returncode == 1
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        ["problem", "settings"],
        ["problem", "tasks"],
        ["problem", "connection"],
    ]
    assert "3 problems found" in done.stderr
    assert "short-secret" not in done.stdout + done.stderr


@pytest.mark.full
def test_settings_that_cannot_be_used_are_a_problem(project):
    project.environ["ASYNCTASQ_WORKER_CONCURRENCY"] = "many"

    [problem] = problems(project)

    assert problem["check"] == "settings"
    assert "worker.concurrency" in problem["text"]


@pytest.mark.full
def test_an_app_without_tasks_is_a_problem(project):
    (project.folder / "empty.py").write_text("import asynctasq")

    [problem] = problems(project, "--app", "empty")

    assert problem["check"] == "tasks"
    assert "nothing there is a task" in problem["text"]


@pytest.mark.full
def test_a_queue_that_gives_no_answer_is_a_problem(project):
    (project.folder / "queue.db").touch()
    with closing(sqlite3.connect(project.folder / "queue.db")) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")

        [problem] = problems(project, "--sqlite-path", "queue.db")

    assert problem["check"] == "connection"


@pytest.mark.broker("postgres")
def test_a_schema_that_is_not_there_says_how_to_make_it(project):
    flags = ["--driver", "postgres", "--postgres-dsn", servers.URLS["postgres"], "--postgres-queue-table", "never_made"]

    found = problems(project, *flags)

    assert "asynctasq migrate" in next(problem["text"] for problem in found if problem["check"] == "schema")


@pytest.mark.full
def test_an_example_of_every_setting_is_written_once(project):
    assert project.cli("publish").returncode == 0

    assert "is there already: --force writes over it" in complaint(project.cli("publish"))
