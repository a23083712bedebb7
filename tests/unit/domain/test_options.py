"""Settings of one dispatch."""

import pytest
from hypothesis import given

from asynctasq.domain.errors import ConfigurationError
from asynctasq.domain.options import Options, check_option, check_queue_name
from asynctasq.domain.retry import RetryPolicy
from asynctasq.testing.strategies import queue_names

GOOD = [
    ("queue", "a"),
    ("queue", "A.b_c-9" * 8),
    ("max_attempts", 0),
    ("max_attempts", 99),
    ("priority", -100),
    ("priority", 100),
    ("retry_delay", 0),
    ("retry_delay", 0.5),
    ("timeout", None),
    ("timeout", 0.1),
    ("visibility_timeout", 3),
    ("retry_strategy", "fixed"),
    ("retry_strategy", "exponential"),
    ("correlation_id", None),
    ("correlation_id", "abc"),
    ("unheard_of", object()),
]
BAD = [
    ("queue", ""),
    ("queue", "-a"),
    ("queue", "a b"),
    ("queue", "a\n"),
    ("queue", "ü"),
    ("queue", "a" * 61),
    ("queue", None),
    ("max_attempts", -1),
    ("max_attempts", 1.5),
    ("max_attempts", True),
    ("priority", 101),
    ("priority", -101),
    ("priority", False),
    ("retry_delay", -1),
    ("retry_delay", "60"),
    ("retry_delay", float("inf")),
    ("retry_delay", float("nan")),
    ("timeout", 0),
    ("timeout", "1"),
    ("visibility_timeout", 2.9),
    ("visibility_timeout", None),
    ("retry_strategy", "linear"),
    ("correlation_id", 7),
]


@given(name=queue_names)
def test_a_queue_may_have_any_name_of_the_pattern(name):
    assert check_queue_name(name) == name


@pytest.mark.parametrize(("name", "value"), GOOD)
def test_a_value_that_an_option_may_have_is_given_back(name, value):
    assert check_option(name, value) is value


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_value_that_an_option_may_not_have_is_an_error_that_names_both(name, value):
    with pytest.raises(ConfigurationError) as caught:
        check_option(name, value)

    assert name in str(caught.value)
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize(("name", "value"), BAD)
def test_options_are_checked_when_they_are_built(name, value):
    with pytest.raises(ConfigurationError):
        Options(**{name: value})


def test_the_defaults_are_three_attempts_a_minute_apart():
    assert Options().policy() == RetryPolicy(3, delay_seconds=60)


def test_an_exponential_strategy_makes_an_exponential_policy():
    policy = Options(retry_strategy="exponential", max_attempts=5, retry_delay=2).policy()

    assert policy == RetryPolicy.exponential(5, delay_seconds=2)
