import pytest
from hypothesis import assume, given

from asynctasq.adapters.sqs.names import Names
from asynctasq.testing.strategies import queue_names

NAMES = Names()


@given(queue_names)
def test_a_name_comes_back_from_sqs_as_it_went(queue):
    assume(NAMES.objection(queue) is None)

    assert NAMES.owner(NAMES.live(queue)) == (queue, False)
    assert NAMES.owner(NAMES.dead(queue)) == (queue, True)


@given(queue_names)
def test_every_name_without_an_objection_is_one_that_sqs_takes(queue):
    assume(NAMES.objection(queue) is None)

    for name in (NAMES.live(queue), NAMES.dead(queue)):
        assert len(name) <= 80
        assert name.replace("-", "").replace("_", "").isalnum()


def test_the_longest_name_fits():
    assert NAMES.objection("x" * 60) is None


@pytest.mark.parametrize("queue", ["a-_b", "." * 60], ids=["what stands for a dot", "too many dots"])
def test_a_name_that_sqs_cannot_have_is_objected_to(queue):
    assert repr(queue) in NAMES.objection(queue)


@pytest.mark.parametrize("name", ["orders", "asynctasq", "asynctasq-", "other-asynctasq-orders"])
def test_what_is_not_ours_has_no_owner(name):
    assert NAMES.owner(name) is None
