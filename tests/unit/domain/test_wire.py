"""A header on its way and back."""

import json

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynctasq.domain.message import Message
from asynctasq.domain.wire import HEADER_VERSION, REMEMBERED_BYTES, dumps_header, loads_message
from asynctasq.testing.strategies import messages

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def header_of(*, task="t", headers=None, priority=0, policy=(3, 60.0, 1.0, None, 0.1)):
    return json.dumps([HEADER_VERSION, task, headers or {}, priority, list(policy)]).encode()


@given(message=messages)
def test_a_message_comes_back_as_it_went_but_for_its_delay(message):
    loaded, defect = loads_message(message.id, message.queue, dumps_header(message), message.body)

    assert defect is None
    assert loaded == attrs.evolve(message, delay_seconds=0.0)


@given(header=st.binary() | json_values.map(lambda value: json.dumps(value).encode()), body=st.binary())
def test_garbage_never_raises_and_keeps_its_body(header, body):
    message, defect = loads_message("id", "q", header, body)

    assert (message.id, message.queue, message.body) == ("id", "q", body)
    assert defect is None or message.task == ""


@given(fields=st.lists(json_values, min_size=4, max_size=4))
def test_a_header_of_the_right_shape_with_any_fields_never_raises(fields):
    loads_message("id", "q", json.dumps([HEADER_VERSION, *fields]).encode(), b"")


@given(numbers=st.lists(st.integers() | st.floats() | st.none(), min_size=5, max_size=5))
def test_a_policy_of_any_numbers_never_raises(numbers):
    loads_message("id", "q", header_of(policy=numbers), b"")


@given(message=messages, cut=st.integers(1))
def test_a_header_that_was_cut_is_corrupt(message, cut):
    header = dumps_header(message)

    _, defect = loads_message("id", "q", header[: cut % len(header)], b"")

    assert defect is not None
    assert defect.kind == "corrupt"


@given(version=st.integers(HEADER_VERSION + 1), rest=st.lists(json_values))
def test_a_newer_version_is_called_newer_whatever_follows(version, rest):
    message, defect = loads_message("id", "q", json.dumps([version, *rest]).encode(), b"body")

    assert defect is not None
    assert (defect.kind, message.body) == ("newer", b"body")
    assert str(version) in defect.text


@pytest.mark.parametrize(
    "header",
    [
        header_of(task=1),
        header_of(headers=["a"]),
        header_of(headers={"a": 1}),
        header_of(priority="high"),
        header_of(policy=(3,)),
        header_of(policy=([], 60.0, 1.0, None, 0.1)),
        header_of(policy=(-3, 60.0, 1.0, None, 0.1)),
        b"[" * 100_000,
        b"\xff",
        b"",
    ],
)
def test_a_wrong_field_is_a_defect_that_says_so(header):
    message, defect = loads_message("id", "q", header, b"body")

    assert message == Message("id", "q", task="", body=b"body")
    assert defect is not None
    assert defect.text.startswith("the header cannot be read")


def test_a_header_is_plain_ascii_text():
    message = Message("id", "q", task="tasks:größe", body=b"", headers={"a": "\ud800\0"})

    assert dumps_header(message).isascii()


def test_messages_with_the_same_header_share_nothing_that_can_change():
    header = header_of(headers={"a": "b"})

    first, second = (loads_message("id", "q", header, b"")[0] for _ in range(2))

    assert first == second
    assert first.headers is not second.headers


def test_a_long_header_is_not_remembered():
    header = header_of(headers={"long": "x" * REMEMBERED_BYTES})

    first, second = (loads_message("id", "q", header, b"")[0] for _ in range(2))

    assert first.headers["long"] is not second.headers["long"]
