"""`asynctasq worker` as its users have it."""

import contextlib
import json
import re
import signal
import sqlite3

import pytest

from tests.acceptance.project import LOOPS, complaint, read_until, running

pytestmark = [pytest.mark.acceptance, pytest.mark.alone]


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_worker_leaves_within_a_second_of_a_signal(project, loop, number):
    project.dispatch("mail('ada')")
    with running(project.start_worker(loop=loop)) as worker:
        assert f", {loop}" in read_until(worker, "python")
        read_until(worker, "succeeded")

        worker.send_signal(number)

        assert worker.wait(1) == 0


@pytest.mark.parametrize("loop", LOOPS)
def test_a_thread_that_never_ends_keeps_nobody(project, loop):
    project.dispatch("hang()")
    with running(project.start_worker("--worker-shutdown-timeout", "0", loop=loop)) as worker:
        read_until(worker, "hanging")

        worker.terminate()

        assert worker.wait(5) == 0
    assert project.json("queues")[0]["pending"] == 1


def test_a_burst_ends_when_nothing_is_left(project):
    id = project.dispatch("mail('ada')")

    done = project.cli("worker", "--burst")

    assert done.returncode == 0
    assert "mailed ada" in done.stdout
    assert id in done.stderr
    assert project.json("queues") == []


def test_it_says_where_it_works_and_on_what(project):
    project.dispatch("mail('ada')")

    banner = project.cli("worker", "--burst", "--concurrency", "7").stdout

    assert str(project.folder / ".asynctasq" / "queue.db") in banner
    assert re.search(r"queues +default, emails", banner)
    assert re.search(r"concurrency +7", banner)
    assert re.search(r"modes +async, thread, process, async process", banner)
    assert re.search(r"lease +30 s", banner)


def test_named_queues_are_the_only_ones_served(project):
    project.dispatch("mail('ada')")

    assert project.cli("worker", "--burst", "--queues", "other,default").returncode == 0

    assert project.json("queues")[0]["pending"] == 1


def test_what_an_app_sets_holds_below_the_flags(project):
    banner = project.cli("worker", "--burst", "--app", "configured", "--concurrency", "6").stdout

    assert re.search(r"queues +ours", banner)
    assert re.search(r"concurrency +6", banner)
    assert re.search(r"lease +17 s", banner)
    assert re.search(r"apps +configured", banner)


def test_a_container_brings_the_application_and_the_flags_hold_above_it(project):
    project.dispatch("mail('ada')")

    done = project.cli("worker", "--burst", "--app", "contained:host.jobs", "--worker-lease-seconds", "11")

    assert re.search(r"concurrency +3", done.stdout)
    assert re.search(r"lease +11 s", done.stdout)
    assert "mailed ada" in done.stdout


def test_log_lines_can_be_json(project):
    id = project.dispatch("mail('ada')")

    lines = map(json.loads, project.cli("worker", "--burst", "--worker-log-format", "json").stderr.splitlines())

    [line] = [line for line in lines if line.get("task_id") == id]
    assert (line["level"], line["task"], line["queue"], line["attempt"]) == ("info", "shop:mail", "emails", 1)


@contextlib.contextmanager
def locked(project):
    """A queue that gives no answer."""
    with contextlib.closing(sqlite3.connect(project.folder / ".asynctasq" / "queue.db")) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        yield


def test_it_starts_without_its_queue_and_says_so(project):
    project.dispatch("mail('ada')")
    with contextlib.ExitStack() as lock:
        lock.enter_context(locked(project))
        with running(project.start_worker()) as worker:
            assert "asked until it answers" in read_until(worker, "python")

            lock.close()

            read_until(worker, "mailed ada")


def test_it_leaves_without_its_queue(project):
    project.dispatch("mail('ada')")
    with locked(project), running(project.start_worker()) as worker:
        read_until(worker, "asking again")

        worker.terminate()

        assert worker.wait(1) == 0
        assert "Traceback" not in worker.stdout.read()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--driver", "memory"], "lives inside one process"),
        (["--driver", "sqlit"], "did you mean 'sqlite'?"),
        (["--processes", "0"], "must be >= 1"),
        (["--app", "nowhere"], "no module 'nowhere'"),
        (["--app", "shop:nothing"], "--app shop:nothing"),
        (["--concurrency", "many"], "'many' is not a whole number"),
        (["--queues", "a b"], "queue name 'a b' is not allowed"),
        (["--redis-ul", "x"], "did you mean --redis-url?"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(project, arguments, text):
    done = project.cli("worker", *arguments)

    assert done.returncode == 2
    assert text.lower() in complaint(done).lower()
