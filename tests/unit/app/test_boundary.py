"""Whatever a task does at its boundary becomes an outcome, and the worker lives on."""

import asyncio
import logging
import sys

import pytest

from asynctasq import AsyncTask, Reject, RetryIn, Snooze, SyncTask, task
from asynctasq.domain.errors import TaskTimeout
from asynctasq.domain.lifecycle import State
from tests.unit.app.running import drained, is_dead

seen: list[object] = []


@pytest.fixture(autouse=True)
def nothing_seen():
    seen.clear()


@task
async def succeed(value):
    seen.append(value)


@task
def succeed_in_a_thread(value):
    seen.append(value)


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError

    def __reduce__(self):
        raise RuntimeError


def _raise(kind):
    match kind:
        case "exception":
            raise ValueError("no")
        case "exit":
            sys.exit(3)
        case "interrupt":
            raise KeyboardInterrupt
        case "cancelled":
            raise asyncio.CancelledError
        case "unprintable":
            raise Unprintable
        case "group":
            raise BaseExceptionGroup("many", [SystemExit(), ValueError("no")])


@task(max_attempts=1)
async def end_badly(kind):
    _raise(kind)


@task(max_attempts=1)
def end_badly_in_a_thread(kind):
    _raise(kind)


@task(max_attempts=1)
async def cancel_oneself():
    asyncio.current_task().cancel()
    await asyncio.sleep(0)


BAD_ENDS = ["exception", "exit", "interrupt", "cancelled", "unprintable", "group"]


@pytest.mark.parametrize("kind", BAD_ENDS)
@pytest.mark.parametrize("make", [end_badly, end_badly_in_a_thread], ids=["loop", "thread"])
def test_every_bad_end_is_a_failure_and_the_next_task_runs(make, kind):
    bad, good = drained(make(kind), succeed("next"), concurrency=1)

    assert is_dead(bad)
    assert good is None
    assert seen == ["next"]


def test_a_task_that_cancels_itself_has_failed():
    assert is_dead(drained(cancel_oneself()))


@task(max_attempts=3, retry_delay=0)
async def fail_twice(note):
    seen.append(note)
    if len(seen) < 3:
        raise ValueError(note)


def test_a_retry_may_succeed():
    assert drained(fail_twice("again")) is None
    assert len(seen) == 3


class Snoozer(AsyncTask[None]):
    config = {"max_attempts": 1}

    async def execute(self):
        seen.append(self._current_attempt)
        if len(seen) < 3:
            raise Snooze(0)


def test_a_snooze_costs_no_attempt():
    assert drained(Snoozer()) is None
    assert seen == [1, 1, 1]


@task(max_attempts=2, retry_delay=3600)
async def retry_at_once():
    seen.append("ran")
    raise RetryIn(0)


def test_retry_in_overrides_the_delay_and_counts():
    assert is_dead(drained(retry_at_once()))
    assert seen == ["ran", "ran"]


class Hooked(AsyncTask[None]):
    config = {"max_attempts": 3, "retry_delay": 0}

    async def execute(self):
        seen.append(("execute", self._current_attempt))
        raise self.error

    def should_retry(self, exception):
        seen.append(("should_retry", self._current_attempt))
        return self.answer

    async def failed(self, exception):
        seen.append(("failed", str(exception), self.config["correlation_id"], self._task_id))

    def __init__(self, kind, answer, **kwargs):
        super().__init__(**kwargs)
        self.error = Reject("not wanted") if kind == "reject" else ValueError("broken")
        self.answer = answer


def correlated(task):
    return task.options(correlation_id="trace")


def test_should_retry_ends_a_task_before_its_last_attempt():
    view = drained(correlated(Hooked("value", answer=False)))

    assert is_dead(view)
    assert seen == [("execute", 1), ("should_retry", 1), ("failed", "broken", "trace", view.message.id)]


def test_failed_is_called_once_after_the_last_attempt():
    drained(correlated(Hooked("value", answer=True)))

    assert [each[0] for each in seen] == ["execute", "should_retry"] * 3 + ["failed"]


def test_a_rejected_task_is_dead_at_once_with_its_reason():
    view = drained(correlated(Hooked("reject", answer=True)))

    assert view.error.message == "not wanted"
    assert [each[0] for each in seen] == ["execute", "failed"]


class BrokenHooks(AsyncTask[None]):
    config = {"max_attempts": 2, "retry_delay": 0}

    async def execute(self):
        seen.append("execute")
        raise ValueError

    def should_retry(self, exception):
        raise SystemExit

    async def failed(self, exception):
        raise asyncio.CancelledError


def test_hooks_that_raise_change_nothing():
    assert is_dead(drained(BrokenHooks()))
    assert seen == ["execute", "execute"]


class Endless(AsyncTask[None]):
    config = {"max_attempts": 1, "timeout": 0.05}

    async def execute(self):
        await asyncio.Event().wait()

    async def failed(self, exception):
        seen.append(exception)
        await asyncio.Event().wait()


def test_a_timeout_cancels_the_task_and_a_hook_that_hangs():
    view = drained(Endless())

    assert is_dead(view)
    assert view.error.kind == "TaskTimeout"
    assert isinstance(seen[0], TaskTimeout)


class Plain(SyncTask[None]):
    config = {"max_attempts": 1}

    def execute(self):
        raise ValueError

    async def failed(self, exception):
        seen.append(type(exception))


def test_a_sync_task_may_have_a_hook_that_is_a_coroutine():
    drained(Plain())

    assert seen == [ValueError]


class Picky(AsyncTask[None]):
    config = {"max_attempts": 1}

    def __init__(self, data, **kwargs):
        super().__init__(**kwargs)
        if seen:
            raise TypeError("from the user's own code")
        self.data = data

    async def execute(self): ...


def test_an_init_that_raises_in_the_worker_is_a_failure():
    task = Picky([1])
    seen.append("from now on it raises")

    assert is_dead(drained(task))


def test_arguments_that_do_not_fit_are_left_for_a_newer_worker():
    call = succeed("x")
    call._asynctasq.args = ("x", "too many")

    view = drained(call)

    assert view.state is State.SCHEDULED
    assert view.attempt == 0


class Logging(AsyncTask[None]):
    config = {"max_attempts": 1}

    async def execute(self):
        raise ValueError("the cause")

    async def failed(self, exception):
        logging.getLogger("app").error("it failed", exc_info=True)  # noqa: LOG014


def test_a_hook_that_logs_with_exc_info_shows_what_went_wrong(caplog):
    drained(Logging())

    [record] = [record for record in caplog.records if record.name == "app"]
    assert str(record.exc_info[1]) == "the cause"
