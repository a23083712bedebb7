"""Lengths of time and names, as the scripts take them."""

import math

import pytest

from asynctasq.adapters.redis.packing import LONGEST_DELAY_SECONDS, NAME_LIMIT, divided, microseconds, storable_name


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, 0),
        (1.5, 1_500_000),
        (1e-9, 1),
        (-3, 0),
        (math.nan, 0),
        (math.inf, int(LONGEST_DELAY_SECONDS * 1_000_000)),
    ],
)
def test_a_length_is_never_shorter_and_always_a_number(seconds, expected):
    assert microseconds(seconds) == expected


@pytest.mark.parametrize("content", [b"", b"\xff", b"\0\0\0\xffshort", b"\0\0\0\2ab"])
def test_any_bytes_divide_into_header_and_body(content):
    header, body = divided(content)

    assert content[4:] == header + body


def test_the_name_of_a_worker_is_cut_to_what_can_be_stored():
    assert storable_name("\ud800" + "ü" * NAME_LIMIT) == "?" + "ü" * ((NAME_LIMIT - 1) // 2)
