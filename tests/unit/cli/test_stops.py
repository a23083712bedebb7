"""One stop is one stop, however many ways it takes; asked twice in the same way it is urgent."""

from itertools import permutations

import pytest

from asynctasq.cli.stops import Stops


def heard(*ways):
    stopped = []
    stops = Stops(lambda: stopped.append(1))
    for way in ways:
        getattr(stops, f"by_{way}")()
    return len(stopped)


@pytest.mark.parametrize("way", ["signal", "supervisor", "absence"])
def test_whoever_asks_is_heard(way):
    assert heard(way) == 1


@pytest.mark.parametrize("ways", [*permutations(["signal", "supervisor", "absence"])])
def test_a_stop_that_comes_in_every_way_is_one(ways):
    assert heard(*ways) == 1


@pytest.mark.parametrize("way", ["signal", "supervisor"])
def test_who_asks_again_is_in_a_hurry(way):
    assert heard(way, way) == 2


@pytest.mark.parametrize("ways", [*permutations(["signal", "supervisor", "signal", "supervisor"])])
def test_a_second_ctrl_c_hurries_once_though_the_supervisor_passes_it_on(ways):
    assert heard(*ways) == 2


def test_that_a_supervisor_goes_after_its_word_is_no_hurry():
    assert heard("supervisor", "absence") == 1
