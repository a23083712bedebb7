"""A line that can be left from anywhere."""

from hypothesis import given
from hypothesis import strategies as st

from asynctasq.adapters.memory.line import Line

steps = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 5)), max_size=200)


@given(steps=steps)
def test_the_first_is_always_the_smallest_of_those_in_line(steps):
    line, places = Line(), {}
    for number, key in steps:
        id = str(number)
        if id in places:
            del places[id]
            line.leave(id)
        else:
            places[id] = (float(key),)
            line.join(id, (float(key),))

        assert line.first() == min(((key, id) for id, key in places.items()), default=None)
        assert set(line) == set(places)
        assert len(line) == len(places)


def test_those_who_left_take_no_room():
    line = Line()

    for number in range(10_000):
        line.join(str(number), (float(number),))
        if number >= 10:
            line.leave(str(number))

    assert len(line._heap) < 100
