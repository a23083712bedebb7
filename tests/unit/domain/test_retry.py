"""How long a retry waits."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynctasq.domain.retry import RetryPolicy
from asynctasq.testing.strategies import policies

attempts = st.integers(1, 5000)
chances = st.floats(0, 1, exclude_max=True)


@given(policy=policies, attempt=attempts, chance=chances)
def test_a_delay_is_never_negative_and_always_a_number(policy, attempt, chance):
    delay = policy.delay_after(attempt, lambda: chance)

    assert delay >= 0
    assert not math.isnan(delay)


@given(policy=policies, attempt=attempts, chance=chances)
def test_a_delay_stays_within_cap_and_jitter(policy, attempt, chance):
    ceiling = math.inf if policy.cap_seconds is None else policy.cap_seconds * (1 + max(0, policy.jitter))

    assert policy.delay_after(attempt, lambda: chance) <= ceiling


@given(policy=policies, attempt=attempts)
def test_a_delay_grows_monotonously_without_jitter(policy, attempt):
    here, next_one = (policy.delay_after(number, lambda: 0.0) for number in (attempt, attempt + 1))

    assert here <= next_one


@given(delay=st.floats(0, 1e6), attempt=st.integers(1, 100), chance=chances)
def test_the_default_is_fixed_plus_at_most_a_tenth(delay, attempt, chance):
    waited = RetryPolicy(delay_seconds=delay).delay_after(attempt, lambda: chance)

    assert delay <= waited <= delay * 1.1


@given(attempt=attempts, chance=chances)
def test_an_exponential_delay_is_spread_over_all_of_its_length_and_ends_at_an_hour(attempt, chance):
    waited = RetryPolicy.exponential(9, delay_seconds=10).delay_after(attempt, lambda: chance)

    assert waited == pytest.approx((1 - chance) * min(3600, 10 * 2.0 ** min(attempt - 1, 100)))


def test_a_delay_too_large_for_a_float_is_the_cap():
    policy = RetryPolicy(delay_seconds=1, factor=10, cap_seconds=7, jitter=0)

    assert policy.delay_after(5000, lambda: 0.0) == 7


def test_no_attempts_means_one():
    assert RetryPolicy(0) == RetryPolicy(1)


@pytest.mark.parametrize(("attempt", "allowed"), [(1, True), (2, True), (3, False), (4, False)])
def test_another_attempt_is_allowed_below_the_maximum(attempt, allowed):
    assert RetryPolicy(3).allows_another(attempt) == allowed


@pytest.mark.parametrize(
    "wrong",
    [{"max_attempts": -1}, {"delay_seconds": -1}, {"factor": 0.5}, {"cap_seconds": -1}, {"jitter": -1.5}],
)
def test_a_policy_that_makes_no_sense_cannot_be_built(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        RetryPolicy(**wrong)
