import attrs
from hypothesis import given
from hypothesis import strategies as st

from asynctasq.adapters.sqs.envelope import LONGEST_HOP_SECONDS, Facts, hop, pack, repack, unpack
from asynctasq.testing.strategies import any_text, messages

numbers = st.integers(0, 10**6)
facts = st.builds(
    Facts, any_text, attempts=numbers, failures=numbers, skewed_seconds=st.floats(0, 1e6), later_seconds=numbers
)


@given(facts, messages)
def test_a_message_comes_back_as_it_went(facts, message):
    text = pack(facts, message)

    assert text.isascii()
    sent = attrs.evolve(message, id=facts.id, delay_seconds=0.0)
    assert unpack(text, id="other", queue=message.queue) == (facts, sent, None)


@given(facts, facts, messages)
def test_a_copy_differs_in_its_facts_alone(before, after, message):
    assert repack(pack(before, message), after) == pack(after, message)


@given(st.text() | st.sampled_from(["[]", "[1]\n\n", '[1,"id",0,0,0,"soon"]', "[" * 10_000]))
def test_what_is_none_of_ours_is_defective_and_copied_as_it_is(text):
    _, message, defect = unpack(text, id="its id", queue="q")

    assert (message.id, message.queue, defect.kind) == ("its id", "q", "corrupt")
    assert repack(text, Facts("another")) == text


def test_a_body_that_is_no_base64_is_defective():
    facts, message, defect = unpack('[1,"id",2,1,0,0]\n[]\nä', id="other", queue="q")

    assert (facts.attempts, message.id, defect.kind) == (2, "id", "corrupt")


def test_a_newer_version_may_add_facts_which_a_copy_keeps():
    text = '[2,"id",0,0,0,0,"new"]\n[]\n'

    _, _, defect = unpack(text, id="other", queue="q")

    assert defect.kind == "newer"
    assert repack(text, Facts("id", attempts=3)) == '[2,"id",3,0,0.0,0.0,"new"]\n[]\n'


@given(st.floats(0, 1e7))
def test_hops_are_whole_seconds_and_together_never_too_short(delay):
    waited, later = 0, delay
    while later:
        now, later = hop(later)
        assert 0 <= now <= LONGEST_HOP_SECONDS
        waited += now

    assert delay <= waited <= delay + 1


def test_a_delay_beyond_every_number_is_cut():
    assert hop(float("inf"))[0] == LONGEST_HOP_SECONDS
