"""Errors as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynctasq.domain.outcome import ERROR_TEXT_LIMIT, ErrorInfo
from asynctasq.testing.strategies import any_text, errors

long_text = st.builds(lambda text, times: text * times, any_text, st.integers(0, 5000))


class Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError("no text")


class Untraceable(Exception):
    @property
    def __notes__(self):
        raise RuntimeError("no notes")


@given(error=st.builds(ErrorInfo, long_text, long_text, long_text))
def test_what_is_storable_is_utf8_without_nul_and_of_limited_size(error):
    stored = error.storable()

    for text in (stored.kind, stored.message, stored.traceback):
        assert "\0" not in text
        assert len(text.encode()) <= ERROR_TEXT_LIMIT


@given(error=errors)
def test_what_is_storable_stays_as_it_is(error):
    assert error.storable().storable() == error.storable()


@given(text=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=100))
def test_ordinary_text_is_stored_unchanged(text):
    assert ErrorInfo("E", text, text).storable() == ErrorInfo("E", text, text)


def test_a_message_keeps_its_beginning_and_a_traceback_its_end():
    long = "a" * ERROR_TEXT_LIMIT + "z"

    stored = ErrorInfo("E", long, long).storable()

    assert (stored.message[0], stored.message[-1]) == ("a", "a")
    assert stored.traceback[-1] == "z"


def test_a_cut_splits_no_character():
    stored = ErrorInfo("E", "x" + "é" * ERROR_TEXT_LIMIT, "é" * ERROR_TEXT_LIMIT + "x").storable()

    assert set(stored.message) == {"x", "é"}
    assert set(stored.traceback) == {"x", "é"}


def test_an_error_of_python_goes_by_its_plain_name():
    error = ErrorInfo.of(ValueError("no"))

    assert (error.kind, error.message) == ("ValueError", "no")


def test_any_other_error_goes_by_its_module_and_name():
    assert ErrorInfo.of(Unspeakable()).kind == f"{__name__}.Unspeakable"


def test_an_error_shows_where_it_came_from():
    with pytest.raises(ValueError, match="nonsense") as caught:
        int("nonsense")
    info = ErrorInfo.of(caught.value)

    assert "test_outcome.py" in info.traceback


def test_an_error_whose_text_raises_is_still_told():
    assert ErrorInfo.of(Unspeakable()).message == "<the error's text raised an error>"


def test_an_error_whose_traceback_raises_is_still_told():
    info = ErrorInfo.of(Untraceable("here"))

    # From 3.13 on the standard library forgives what raises here, and traces it all the same.
    assert (info.kind, info.message) == (f"{__name__}.Untraceable", "here")
