import math

from hypothesis import given
from hypothesis import strategies as st

from asynctasq.adapters.rabbitmq.delays import HIGHEST_LEVEL, LONGEST_SECONDS, LONGEST_UNITS, due, way

names = st.sampled_from(["mail", "a.b", "0.1", "x..y"])
units = st.sampled_from([0.01, 0.25, 1.0])


@given(names, st.floats(0.001, 1e9) | st.just(math.inf), units)
def test_a_delay_is_rounded_up_to_whole_units_and_never_early(queue, seconds, unit):
    chosen = way(queue, seconds, unit)

    assert chosen is not None
    digits = chosen.key.split(".", HIGHEST_LEVEL + 1)[:-1]
    waited = int("".join(digits), 2) * unit
    wanted = min(seconds, LONGEST_SECONDS)
    assert wanted - unit * 1e-6 <= waited + chosen.later_seconds < wanted + unit * 1.001


@given(names, st.floats(0.001, 1e9), units)
def test_a_way_begins_at_its_highest_level(queue, seconds, unit):
    chosen = way(queue, seconds, unit)

    assert chosen is not None
    digits = chosen.key.split(".", HIGHEST_LEVEL + 1)[:-1]
    assert digits.index("1") == HIGHEST_LEVEL - chosen.level


@given(names)
def test_the_key_of_a_way_ends_in_its_queue_and_no_other(queue):
    chosen = way(queue, 5, 1.0)

    assert chosen is not None
    assert chosen.key.split(".")[HIGHEST_LEVEL + 1 :] == due(queue).split(".")[HIGHEST_LEVEL + 1 :]


def test_no_delay_is_no_way():
    assert way("mail", 0, 1.0) is None
    assert way("mail", -1, 1.0) is None


def test_what_no_level_can_hold_waits_on_after_all_of_them():
    chosen = way("mail", LONGEST_UNITS + 10, 1.0)

    assert chosen is not None
    assert chosen.later_seconds == 10
