"""The heart: from how an attempt ended to what becomes of the message. No clock, no log, no queue."""

from typing import assert_never

from asynctasq.domain.lease import Lease
from asynctasq.domain.outcome import (
    ErrorInfo,
    Failed,
    Interrupted,
    Outcome,
    Rejected,
    Skewed,
    Snoozed,
    Succeeded,
    TimedOut,
    Undecodable,
)
from asynctasq.domain.retry import Rng
from asynctasq.domain.verdict import Ack, Bury, Release, Retry, Verdict

SKEW_FIRST_SECONDS = 5.0
SKEW_CAP_SECONDS = 60.0


def decide(lease: Lease, outcome: Outcome, rng: Rng) -> Verdict:
    """One verdict for every outcome. A retry needs an attempt left and a task that wants it."""
    match outcome:
        case Succeeded():
            return Ack(lease)
        case Failed(error, retryable, retry_in_seconds=retry_in_seconds):
            return _after_failure(lease, error, rng, retryable=retryable, retry_in_seconds=retry_in_seconds)
        case TimedOut(error, retryable):
            return _after_failure(lease, error, rng, retryable=retryable)
        case Snoozed(delay_seconds):
            return Release(lease, delay_seconds=delay_seconds)
        case Interrupted():
            return Release(lease)
        case Rejected(error) | Undecodable(error):
            return Bury(lease, error=error)
        case Skewed(error, limit_seconds):
            return _after_skew(lease, error, limit_seconds)
        case _:
            assert_never(outcome)


def is_final(lease: Lease, *, retryable: bool) -> bool:
    """Whether a failure of this attempt is the end of the message: then `failed()` is called."""
    return not (retryable and lease.message.policy.allows_another(lease.attempt))


def exhaustion(lease: Lease) -> Bury:
    """The verdict on a lease beyond the last attempt: buried unrun."""
    allowed = lease.message.policy.max_attempts
    text = (
        "the worker died and the task may run once"
        if allowed == 1
        else f"the worker died or lost its lease in {lease.crashes} of {allowed} attempts, none is left"
    )
    return Bury(lease, error=ErrorInfo("WorkerLost", text))


def _after_failure(
    lease: Lease, error: ErrorInfo, rng: Rng, *, retryable: bool, retry_in_seconds: float | None = None
) -> Verdict:
    if is_final(lease, retryable=retryable):
        return Bury(lease, error=error)
    if retry_in_seconds is None:
        retry_in_seconds = lease.message.policy.delay_after(lease.attempt, rng)
    return Retry(lease, delay_seconds=retry_in_seconds, error=error)


def _after_skew(lease: Lease, error: ErrorInfo, limit_seconds: float) -> Verdict:
    # 5, 10, 20, 40, 60, 60 … s: the sum so far plus the first delay is the double of the delay before.
    delay = min(SKEW_CAP_SECONDS, SKEW_FIRST_SECONDS + lease.skewed_seconds)
    if lease.skewed_seconds >= limit_seconds:
        return Bury(lease, error=error)
    return Release(lease, delay_seconds=delay, skewed_seconds=lease.skewed_seconds + delay)
