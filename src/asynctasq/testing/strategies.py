"""Hypothesis strategies for the values that cross the ports."""

from hypothesis import strategies as st

from asynctasq.domain.lease import Lease
from asynctasq.domain.message import Message
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
from asynctasq.domain.retry import RetryPolicy

any_text = st.text(st.characters(), max_size=50)
"""Text of any code points, NUL and lone surrogates included."""

lengths = st.floats(0, 1e6)
"""Lengths of time in seconds."""

queue_names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}", fullmatch=True)

errors = st.builds(ErrorInfo, any_text, any_text, any_text)

policies = st.builds(
    RetryPolicy,
    st.integers(0, 20),
    delay_seconds=lengths,
    factor=st.floats(1, 10),
    cap_seconds=st.none() | lengths,
    jitter=st.floats(-1, 1),
)

messages = st.builds(
    Message,
    st.uuids().map(str),
    queue_names,
    task=st.text(min_size=1, max_size=50),
    body=st.binary(max_size=200),
    headers=st.dictionaries(any_text, any_text, max_size=4),
    delay_seconds=lengths,
    policy=policies,
    priority=st.integers(-100, 100),
)


@st.composite
def leases(draw: st.DrawFn) -> Lease:
    """Leases as a queue counts them: no more failures than earlier attempts."""
    attempt = draw(st.integers(1, 25))
    return Lease(
        draw(messages),
        draw(st.uuids().map(str)),
        attempt=attempt,
        failures=draw(st.integers(0, attempt - 1)),
        skewed_seconds=draw(lengths),
    )


outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(Succeeded),
    st.builds(Failed, errors, st.booleans(), retry_in_seconds=st.none() | lengths),
    st.builds(TimedOut, errors, st.booleans()),
    st.builds(Snoozed, lengths),
    st.builds(Rejected, errors),
    st.builds(Interrupted),
    st.builds(Undecodable, errors),
    st.builds(Skewed, errors, lengths),
)
