"""The commands that look, repair and demonstrate, as their users have them."""

import json
import os
import re
import time

import pytest

from tests.acceptance.project import complaint

pytestmark = pytest.mark.acceptance


class TestQueues:
    def test_an_empty_queue_says_so_and_where_it_is(self, project):
        done = project.cli("queues")

        assert "no queue holds anything" in done.stdout
        assert str(project.folder / ".asynctasq" / "queue.db") in done.stdout
        assert project.json("queues") == []

    def test_counts_by_state(self, project):
        project.bury("no")
        project.dispatch("mail('ada')")
        project.dispatch("mail('bob').delay(60)")

        assert project.json("queues") == [
            {"name": "default", "pending": 0, "scheduled": 0, "running": 0, "dead": 1},
            {"name": "emails", "pending": 1, "scheduled": 1, "running": 0, "dead": 0},
        ]
        assert re.search(r"emails +1 +1 +0 +0", project.cli("queues").stdout)

    def test_purge_forgets_what_waits_and_keeps_the_dead(self, project):
        project.bury("no")
        project.dispatch("fail('again')")

        assert project.cli("queues", "purge", "default", "--yes").returncode == 0

        assert project.json("queues") == [{"name": "default", "pending": 0, "scheduled": 0, "running": 0, "dead": 1}]

    def test_purge_asks_and_takes_no_answer_for_no(self, project):
        project.dispatch("mail('ada')")

        done = project.cli("queues", "purge", "emails")

        assert done.returncode == 2
        assert "--yes" in complaint(done)
        assert project.json("queues")[0]["pending"] == 1

    @pytest.mark.parametrize(("answer", "status", "left"), [(b"y\n", 0, []), (b"\n", 1, ["emails"])])
    def test_purge_heeds_the_answer(self, project, answer, status, left):
        project.dispatch("mail('ada')")
        terminal, keyboard = os.openpty()
        os.write(terminal, answer)

        done = project.cli("queues", "purge", "emails", stdin=keyboard)

        os.close(keyboard)
        os.close(terminal)
        assert done.returncode == status
        assert [queue["name"] for queue in project.json("queues")] == left

    def test_a_driver_that_is_not_there_is_one_line(self, project):
        done = project.cli("queues", "--driver", "memory")

        assert done.returncode == 2
        assert "memory" in complaint(done)

    def test_a_traceback_comes_with_debug_only(self, project):
        assert "Traceback" in project.cli("queues", "--driver", "memory", "--debug").stderr

    def test_a_reader_that_is_gone_is_no_news(self, project):
        reading, writing = os.pipe()
        os.close(reading)

        done = project.cli("queues", "--json", stdout=writing)

        os.close(writing)
        assert done.stderr == ""


class TestTasks:
    def test_show_tells_what_is_known(self, project):
        id = project.dispatch("mail('ada')")

        shown = project.cli("tasks", "show", id).stdout

        assert re.search(r"task +shop:mail", shown)
        assert re.search(r"state +pending", shown)

    def test_cancel_keeps_a_task_from_running(self, project):
        id = project.dispatch("mail('ada')")

        assert project.cli("tasks", "cancel", id).returncode == 0

        assert project.json("tasks", "show", id)["state"] == "cancelled"
        assert "mailed" not in project.cli("worker", "--burst").stdout

    @pytest.mark.parametrize("verb", ["show", "cancel"])
    def test_an_unknown_id_is_one_line_and_status_1(self, project, verb):
        done = project.cli("tasks", verb, "nobody")

        assert done.returncode == 1
        assert "'nobody'" in complaint(done)


class TestDead:
    def test_list_says_why_each_one_died(self, project):
        [id] = project.bury("no [bold]paper[/bold] \x1b[31m")

        listed = project.cli("dead", "list").stdout

        assert id in listed
        assert "ValueError: no [bold]paper[/bold] \\x1b[31m" in listed

    def test_an_empty_list_says_so(self, project):
        assert project.cli("dead", "list").stdout == "no dead letters\n"
        assert project.json("dead", "list") == []

    def test_show_gives_error_traceback_attempts_and_worker(self, project):
        [id] = project.bury("out of paper")

        [shown] = project.json("dead", "show", id)

        assert (shown["error"]["kind"], shown["error"]["message"]) == ("ValueError", "out of paper")
        assert "shop.py" in shown["error"]["traceback"]
        assert shown["attempts"] == 1
        assert shown["worker"]
        assert "Traceback" in project.cli("dead", "show", id).stdout

    def test_retry_starts_again_with_fresh_attempts(self, project):
        first, second = project.bury("first", "second")

        assert project.cli("dead", "retry", first).returncode == 0

        assert [letter["id"] for letter in project.json("dead", "list")] == [second]
        again = project.json("tasks", "show", first)
        assert (again["state"], again["attempts"]) == ("pending", 0)

    def test_retry_takes_a_whole_queue(self, project):
        project.bury("first", "second")

        assert project.json("dead", "retry", "--queue", "default") == {"requeued": 2, "problems": []}
        assert project.json("dead", "retry", "--queue", "other") == {"requeued": 0, "problems": []}

    def test_purge_takes_what_is_named_and_no_more(self, project):
        first, second = project.bury("first", "second")

        assert project.cli("dead", "purge", first, "--yes").returncode == 0
        assert [letter["id"] for letter in project.json("dead", "list")] == [second]
        assert project.cli("dead", "purge", "--all", "--yes").returncode == 0
        assert project.json("dead", "list") == []

    def test_purge_does_not_touch_what_is_not_dead(self, project):
        id = project.dispatch("mail('ada')")

        assert project.cli("dead", "purge", id, "--yes").returncode == 1

        assert project.json("tasks", "show", id)["state"] == "pending"

    @pytest.mark.parametrize("verb", ["show", "retry", "purge"])
    def test_an_unknown_id_is_one_line_and_status_1(self, project, verb):
        done = project.cli("dead", verb, "nobody", *["--yes"] * (verb == "purge"))

        assert done.returncode == 1
        assert "nobody" in done.stderr

    @pytest.mark.parametrize("arguments", [[], ["--all", "--queue", "default"], ["some-id", "--all"]])
    def test_it_must_be_clear_which_are_meant(self, project, arguments):
        done = project.cli("dead", "retry", *arguments)

        assert done.returncode == 2
        assert "--queue, or --all" in complaint(done)


class TestDemo:
    def test_json_is_one_object_that_adds_up(self, project):
        started = time.monotonic()

        done = project.cli("demo", "--json")

        assert done.returncode == 0
        assert time.monotonic() - started < 10
        result = json.loads(done.stdout)
        assert list(result) == ["driver", "dispatched", "succeeded", "retried", "dead", "seconds", "modes"]
        assert result["driver"] == "sqlite"
        assert result["dispatched"] == result["succeeded"] + result["dead"]
        assert result["retried"] >= 1
        assert result["dead"] == 1
        assert sum(result["modes"].values()) == result["succeeded"]
        assert all(result["modes"].values())

    def test_people_see_the_retry_and_the_reason_of_the_dead_letter(self, project):
        shown = project.cli("demo").stdout

        assert re.search(r"charge card.* 2 +succeeded", shown)
        assert "RuntimeError: the printer is out of paper" in shown

    def test_it_is_the_same_whatever_is_configured_and_leaves_nothing_behind(self, project):
        before = sorted(project.folder.iterdir())
        project.environ["ASYNCTASQ_DRIVER"] = "redis"

        assert project.cli("demo", "--json").returncode == 0

        assert sorted(project.folder.iterdir()) == before


def test_without_a_command_there_is_help(project):
    done = project.cli()

    assert done.returncode == 0
    assert all(command in done.stdout for command in ("worker", "queues", "tasks", "dead", "demo"))


def test_help_shows_every_setting(project):
    shown = project.cli("worker", "--help").stdout

    assert all(
        flag in shown for flag in ("--redis-url", "--postgres-dsn", "--process-pool-size", "--aws-access-key-id")
    )
