from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynctasq.app.ids import made_at, new_id


def test_an_id_says_when_it_was_made():
    before = datetime.now(UTC)

    at = made_at(new_id())

    assert at is not None
    assert before - timedelta(milliseconds=1) <= at <= datetime.now(UTC)
    assert at.utcoffset() == timedelta(0)


def test_an_id_says_it_to_the_millisecond():
    assert made_at("019b7ca9-8d03-7000-8000-000000000000") == datetime(2026, 1, 2, 3, 4, 5, 123_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "id",
    [
        "order-7",
        "",
        "019b7ca9-8c88-4000-8000-000000000000",  # of version 4
        "ffffffff-ffff-7000-8000-000000000000",  # beyond the year 9999
        "019b7ca9-8c8x-7000-8000-000000000000",
    ],
)
def test_another_id_says_nothing(id):
    assert made_at(id) is None


@given(id=st.text() | st.text(min_size=14, max_size=14).flatmap(lambda head: st.just(head + "7" + "0" * 21)))
def test_no_id_makes_it_raise(id):
    made_at(id)
