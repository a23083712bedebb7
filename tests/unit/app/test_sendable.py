from datetime import UTC, datetime, timedelta

import pytest

from asynctasq.app.classes import SyncTask, TaskConfig
from asynctasq.app.sendable import begin, sending
from asynctasq.app.tasks import task
from asynctasq.domain.errors import ConfigurationError
from asynctasq.domain.message import Message
from asynctasq.domain.retry import RetryPolicy


@task
def send() -> None:
    pass


class Send(SyncTask[None]):
    config: TaskConfig = {"queue": "class", "timeout": 5}

    def execute(self) -> None:
        pass


ID = "019b7ca9-8c88-7000-8000-000000000000"
MESSAGE = Message(
    ID,
    "sent",
    task="jobs:send",
    body=b"",
    headers={"correlation_id": "request-7"},
    policy=RetryPolicy(4, delay_seconds=9),
)


def test_every_chain_method_gives_the_task_itself():
    call = send()

    chained = (
        call.on_queue("critical")
        .max_attempts(10)
        .timeout(120)
        .retry_after(180)
        .visibility_timeout(600)
        .delay(30)
        .options(priority=5, correlation_id="request-7", retry_strategy="exponential")
    )

    assert chained is call
    assert sending(call).delay_seconds == 30
    assert sending(call).chain == {
        "queue": "critical",
        "max_attempts": 10,
        "timeout": 120,
        "retry_delay": 180,
        "visibility_timeout": 600,
        "priority": 5,
        "correlation_id": "request-7",
        "retry_strategy": "exponential",
    }


@pytest.mark.parametrize(("delay", "seconds"), [(1, 1.0), (0.5, 0.5), (timedelta(minutes=2), 120.0)])
def test_a_delay_is_seconds_or_a_timedelta(delay, seconds):
    assert sending(send().delay(delay)).delay_seconds == seconds


@pytest.mark.parametrize("delay", [0, -1, timedelta(0), float("nan"), float("inf"), True, "5", None])
def test_a_delay_that_is_no_time_is_refused_where_it_is_written(delay):
    with pytest.raises(ValueError, match="must be seconds above 0 or a timedelta"):
        send().delay(delay)


@pytest.mark.parametrize(
    ("method", "value"),
    [
        ("on_queue", "no spaces"),
        ("max_attempts", -1),
        ("timeout", 0),
        ("retry_after", -1),
        ("visibility_timeout", 2),
    ],
)
def test_a_bad_value_is_refused_where_it_is_written(method, value):
    with pytest.raises(ConfigurationError):
        getattr(send(), method)(value)


def test_an_unknown_option_is_refused_by_name():
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        send().options(colour="red")


def test_in_a_worker_a_task_knows_its_message():
    task = Send()

    begin(task, MESSAGE, 2)

    assert (task._task_id, task._current_attempt) == (ID, 2)
    assert task._dispatched_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_in_a_worker_the_config_is_that_of_the_dispatch():
    task = Send()

    begin(task, MESSAGE, 1)

    assert task.config == {
        "queue": "sent",
        "max_attempts": 4,
        "retry_delay": 9,
        "retry_strategy": "fixed",
        "timeout": None,
        "visibility_timeout": 3600,
        "priority": 0,
        "correlation_id": "request-7",
        "on_missing_model": "dead",
        "share_session": False,
    }
    assert Send.config == {"queue": "class", "timeout": 5}
