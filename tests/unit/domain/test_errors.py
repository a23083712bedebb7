"""The tree of errors, and what tasks raise to say what happens to them next."""

import inspect

import pytest

from asynctasq.domain import errors
from asynctasq.domain.errors import AsyncTasQError, Reject, RetryIn, Snooze

TREE = [it for _, it in inspect.getmembers(errors, inspect.isclass)]


@pytest.mark.parametrize("error", TREE)
def test_every_error_has_the_one_root_and_is_drawn_in_the_tree(error):
    assert issubclass(error, AsyncTasQError)
    assert f" {error.__name__} " in f" {errors.__doc__} ".replace("\n", " ")


@pytest.mark.parametrize("directive", [Snooze, RetryIn])
def test_a_directive_with_a_length_keeps_it_in_seconds(directive):
    assert directive(5).seconds == 5.0


@pytest.mark.parametrize("directive", [Snooze, RetryIn])
@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_a_directive_takes_no_length_below_zero(directive, seconds):
    with pytest.raises(ValueError, match=directive.__name__):
        directive(seconds)


def test_a_rejection_carries_its_reason():
    assert Reject("spam").reason == "spam"
    assert Reject().reason == "rejected by the task"
