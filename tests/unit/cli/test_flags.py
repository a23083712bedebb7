import inspect

import pytest
from cyclopts import App

from asynctasq.app.settings import Settings, describe
from asynctasq.cli.flags import NO_FLAGS, Flags


def given(*arguments):
    app = App(result_action="return_value")
    app.default(command)
    return app(arguments, exit_on_error=False, print_error=False)


def command(*, flags: Flags = NO_FLAGS):
    return flags.given()


def test_without_flags_nothing_is_given():
    assert given() == {}


def test_a_flag_is_named_by_group_and_key():
    assert given("--driver", "redis", "--redis-max-connections", "5", "--task-defaults-queue", "emails") == {
        "driver": "redis",
        "redis": {"max_connections": "5"},
        "task_defaults": {"queue": "emails"},
    }


@pytest.mark.parametrize("info", describe(), ids=lambda info: info.name)
def test_every_setting_has_a_flag(info):
    flag = "--" + info.name.replace(".", "-").replace("_", "-")
    value = [] if info.type is bool else ["value"]

    found = given(flag, *value)

    assert (found[info.group] if info.group else found).keys() == {info.key}


@pytest.mark.parametrize(
    ("flag", "group", "key"),
    [
        ("--concurrency", "worker", "concurrency"),
        ("--aws-access-key-id", "sqs", "aws_access_key_id"),
        ("--aws-secret-access-key", "sqs", "aws_secret_access_key"),
    ],
)
def test_some_have_a_short_name_too(flag, group, key):
    assert given(flag, "7") == {group: {key: "7"}}


def test_what_is_given_is_what_settings_load():
    found = given("--events-enable-all", "--worker-imports", "shop,cafe", "--worker-lease-seconds", "2.5")

    settings = Settings.load(found, environ={}, dotenv=None)

    assert settings.events.enable_all is True
    assert settings.worker.imports == ("shop", "cafe")
    assert settings.worker.lease_seconds == 2.5


def test_secrets_are_not_in_the_repr():
    flags = Flags(redis__password="hunter2")

    assert flags.given() == {"redis": {"password": "hunter2"}}
    assert "hunter2" not in repr(flags)


def test_nothing_is_positional():
    kinds = {parameter.kind for parameter in inspect.signature(Flags).parameters.values()}

    assert kinds == {inspect.Parameter.KEYWORD_ONLY}
