import asyncio
import inspect

import pytest

from asynctasq.app import registry
from asynctasq.app.definition import Mode
from asynctasq.app.sendable import sending
from asynctasq.app.tasks import task
from asynctasq.domain.errors import ConfigurationError


@task
async def send_email(to: str, subject: str, *, body: str = "") -> str:
    """Send one."""
    return f"{to}: {subject}{body}"


@task(queue="reports", max_attempts=5, timeout=None)
def report(number: int) -> int:
    return number * 2


@task(process=True)
async def analyse(config: dict, run: int, _private: int = 0) -> None:
    pass


@task(process=True)
def compute() -> None:
    pass


def test_an_async_call_runs_without_a_broker():
    assert asyncio.run(send_email("ann", subject="hi").execute()) == "ann: hi"


def test_a_sync_call_runs_without_a_broker():
    assert report(21).execute() == 42


def test_the_function_is_still_there():
    assert send_email.__name__ == "send_email"
    assert send_email.__doc__ == "Send one."
    assert inspect.iscoroutinefunction(send_email.__wrapped__)
    assert list(inspect.signature(send_email).parameters) == ["to", "subject", "body"]


def test_a_wrong_call_is_refused_where_it_is_made():
    with pytest.raises(TypeError, match=r"test_tasks:send_email: missing a required argument: 'subject'"):
        send_email("ann")


@pytest.mark.parametrize("count", range(5))
@pytest.mark.parametrize(
    "function",
    [
        lambda: None,
        lambda a: None,
        lambda a, b=1: None,
        lambda a, /, b, c=2: None,
        lambda a, *rest: None,
        lambda *, key: None,
        lambda a, *, key: None,
        lambda a, *, key=1: None,
        lambda a, **named: None,
    ],
)
def test_a_task_is_called_as_its_function_is(function, count):
    function.__qualname__, arguments = "function", [None] * count

    def refuses(callable_):
        try:
            callable_(*arguments)
        except TypeError:
            return True
        return False

    assert refuses(task(function)) is refuses(function)


def test_no_parameter_name_is_reserved():
    call = analyse({"a": 1}, run=2, _private=3)

    assert sending(call).kwargs == {"run": 2, "_private": 3}


def test_arguments_are_kept_as_they_were_given():
    call = send_email("ann", subject="hi")

    assert (sending(call).args, sending(call).kwargs) == (("ann",), {"subject": "hi"})


@pytest.mark.parametrize(
    ("function", "mode"),
    [(send_email, Mode.LOOP), (report, Mode.THREAD), (analyse, Mode.PROCESS_LOOP), (compute, Mode.PROCESS)],
)
def test_the_kind_of_function_decides_where_it_runs(function, mode):
    assert function.definition.mode is mode


def test_only_what_was_given_is_config():
    assert report.definition.config == {"queue": "reports", "max_attempts": 5, "timeout": None}
    assert send_email.definition.config == {}


def test_a_definition_makes_the_same_call_again():
    call = report.definition.create((21,), {})

    assert call.execute() == 42


def test_a_definition_knows_what_fits_its_signature():
    assert report.definition.binds((), {"number": 1})
    assert not report.definition.binds((), {"amount": 1})


def test_a_defined_task_is_registered():
    assert registry.default.get(f"{__name__}:report") is report.definition


def test_each_call_has_a_config_of_its_own():
    call = report(1)
    call.config["correlation_id"] = "request-7"

    assert "correlation_id" not in report.definition.config
    assert "correlation_id" not in report(1).config


def test_an_unknown_setting_is_refused_by_name():
    with pytest.raises(ConfigurationError, match=r"send: unknown setting 'quue'; there are queue, max_attempts"):

        @task(quue="emails")
        def send() -> None:
            pass


@pytest.mark.parametrize(
    "setting",
    [
        {"queue": "no spaces"},
        {"max_attempts": -1},
        {"retry_delay": "soon"},
        {"timeout": 0},
        {"visibility_timeout": 2},
        {"retry_strategy": "linear"},
        {"priority": 1.5},
        {"correlation_id": 7},
        {"driver": 7},
        {"process": "yes"},
    ],
)
def test_a_bad_value_is_refused_where_it_is_written(setting):
    with pytest.raises(ConfigurationError, match=next(iter(setting))):

        @task(**setting)
        def send() -> None:
            pass


@pytest.mark.parametrize("thing", [print, str, "emails", report])
def test_only_functions_are_decorated(thing):
    with pytest.raises(ConfigurationError, match="@task is for functions"):
        task(thing)


def test_a_generator_is_no_task():
    with pytest.raises(ConfigurationError, match="yields"):

        @task
        def numbers():
            yield 1


def test_the_defaults_of_the_hooks_retry_and_do_nothing():
    call = report(1)

    assert call.should_retry(ValueError()) is True
    assert call.failed(ValueError()) is None


def test_before_it_is_dispatched_a_call_has_no_id_and_no_attempt():
    call = report(1)

    assert (call._task_id, call._current_attempt, call._dispatched_at) == (None, 0, None)
