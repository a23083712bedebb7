"""What is decided about a message, whatever happened to it."""

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from asynctasq.domain.decide import SKEW_CAP_SECONDS, SKEW_FIRST_SECONDS, decide, exhaustion, is_final
from asynctasq.domain.lease import Lease
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import (
    ErrorInfo,
    Failed,
    Interrupted,
    Rejected,
    Skewed,
    Snoozed,
    Succeeded,
    TimedOut,
    Undecodable,
)
from asynctasq.domain.retry import RetryPolicy
from asynctasq.domain.verdict import Ack, Bury, Release, Retry
from asynctasq.testing.strategies import errors, leases, lengths, outcomes

ERROR = ErrorInfo("builtins.ValueError", "no")
chances = st.floats(0, 1, exclude_max=True)


def lease_of(attempt=1, failures=0, skewed_seconds=0.0, **policy):
    message = Message("id", "q", task="t", body=b"", policy=RetryPolicy(**policy))
    return Lease(message, "token", attempt=attempt, failures=failures, skewed_seconds=skewed_seconds)


@given(lease=leases(), outcome=outcomes, chance=chances)
def test_every_outcome_has_a_verdict_on_the_same_lease(lease, outcome, chance):
    verdict = decide(lease, outcome, lambda: chance)

    assert verdict.lease is lease


@given(lease=leases(), outcome=outcomes, chance=chances)
def test_only_success_removes_a_message(lease, outcome, chance):
    verdict = decide(lease, outcome, lambda: chance)

    assert isinstance(verdict, Ack) == isinstance(outcome, Succeeded)


@given(lease=leases(), outcome=outcomes, chance=chances)
def test_nothing_is_retried_beyond_the_last_attempt(lease, outcome, chance):
    assume(lease.attempt >= lease.message.policy.max_attempts)

    assert not isinstance(decide(lease, outcome, lambda: chance), Retry)


@given(lease=leases(), outcome=outcomes, chance=chances)
def test_no_verdict_waits_less_than_no_time(lease, outcome, chance):
    verdict = decide(lease, outcome, lambda: chance)

    assert getattr(verdict, "delay_seconds", 0.0) >= 0.0


@given(lease=leases(), error=errors, retryable=st.booleans(), retry_in=st.none() | lengths, chance=chances)
def test_a_failure_is_final_exactly_if_it_is_buried(lease, error, retryable, retry_in, chance):
    verdict = decide(lease, Failed(error, retryable, retry_in_seconds=retry_in), lambda: chance)

    assert isinstance(verdict, Bury) == is_final(lease, retryable=retryable)


@given(lease=leases(), error=errors, chance=chances)
def test_a_timeout_is_treated_as_a_failure(lease, error, chance):
    assert decide(lease, TimedOut(error), lambda: chance) == decide(lease, Failed(error), lambda: chance)


@given(lease=leases(), retry_in=lengths)
def test_a_delay_that_the_task_names_overrides_the_policy(lease, retry_in):
    assume(not is_final(lease, retryable=True))

    verdict = decide(lease, Failed(ERROR, retry_in_seconds=retry_in), lambda: 0.5)

    assert verdict == Retry(lease, delay_seconds=retry_in, error=ERROR)


def test_a_task_that_does_not_want_a_retry_is_buried_with_its_error():
    assert decide(lease_of(), Failed(ERROR, retryable=False), lambda: 0) == Bury(lease_of(), error=ERROR)


def test_an_outcome_that_nobody_knows_is_an_error():
    with pytest.raises(AssertionError):
        decide(lease_of(), object(), lambda: 0)


def test_a_snooze_gives_the_attempt_back_until_later():
    assert decide(lease_of(), Snoozed(5.0), lambda: 0) == Release(lease_of(), delay_seconds=5.0)


def test_an_interrupted_attempt_is_given_back_at_once():
    assert decide(lease_of(), Interrupted(), lambda: 0) == Release(lease_of())


@pytest.mark.parametrize("outcome", [Rejected(ERROR), Undecodable(ERROR)])
def test_what_must_not_run_again_is_buried_whatever_attempts_are_left(outcome):
    assert decide(lease_of(max_attempts=9), outcome, lambda: 0) == Bury(lease_of(max_attempts=9), error=ERROR)


def test_skew_is_waited_for_longer_each_time_and_given_up_at_its_limit():
    lease, delays = lease_of(), []

    while isinstance(verdict := decide(lease, Skewed(ERROR, 200.0), lambda: 0), Release):
        delays.append(verdict.delay_seconds)
        lease = attrs.evolve(lease, skewed_seconds=verdict.skewed_seconds)

    assert delays == [5, 10, 20, 40, 60, 60, 60]
    assert verdict == Bury(lease, error=ERROR)


@given(lease=leases(), limit=lengths)
def test_skew_waits_within_its_bounds_and_keeps_the_sum(lease, limit):
    assume(lease.skewed_seconds < limit)

    verdict = decide(lease, Skewed(ERROR, limit), lambda: 0)

    assert SKEW_FIRST_SECONDS <= verdict.delay_seconds <= SKEW_CAP_SECONDS
    assert verdict.skewed_seconds == lease.skewed_seconds + verdict.delay_seconds


def test_what_its_last_attempt_killed_is_buried_with_the_count_of_its_crashes():
    lease = lease_of(attempt=4, failures=1, max_attempts=3)

    assert exhaustion(lease).error.kind == "WorkerLost"
    assert "2 of 3 attempts" in exhaustion(lease).error.message


def test_what_may_run_once_and_killed_its_worker_says_so():
    assert "may run once" in exhaustion(lease_of(attempt=2, max_attempts=1)).error.message


@given(lease=leases())
def test_a_lease_is_exhausted_once_it_is_beyond_the_policy(lease):
    assert lease.exhausted == (lease.attempt > lease.message.policy.max_attempts)


@given(lease=leases())
def test_every_earlier_attempt_either_failed_or_crashed(lease):
    assert lease.failures + lease.crashes == lease.attempt - 1
