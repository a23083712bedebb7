"""The life of a message."""

import pytest

from asynctasq.domain.errors import IllegalStep
from asynctasq.domain.lifecycle import TRANSITIONS, State, Step, advance

BIRTH = {State.SCHEDULED, State.PENDING}


def test_every_state_can_be_reached():
    reached = set(BIRTH)
    while new := {after for (before, _), after in TRANSITIONS.items() if before in reached} - reached:
        reached |= new

    assert reached == set(State)


def test_every_step_is_taken_somewhere():
    assert {step for _, step in TRANSITIONS} == set(Step)


def test_only_success_is_for_ever():
    assert set(State) - {state for state, _ in TRANSITIONS} == {State.SUCCEEDED}


def test_what_has_ended_runs_again_only_if_somebody_wants_it():
    steps = {step for state, step in TRANSITIONS if state in (State.DEAD, State.CANCELLED)}

    assert steps == {Step.REQUEUE}


def test_only_what_is_pending_can_be_leased():
    assert [state for state, step in TRANSITIONS if step is Step.LEASE] == [State.PENDING]


@pytest.mark.parametrize(("state", "step", "after"), [(*key, after) for key, after in TRANSITIONS.items()])
def test_a_step_of_the_table_leads_where_the_table_says(state, step, after):
    assert advance(state, step) is after


@pytest.mark.parametrize(
    ("state", "step"), [(state, step) for state in State for step in Step if (state, step) not in TRANSITIONS]
)
def test_any_other_step_is_illegal_and_names_both(state, step):
    with pytest.raises(IllegalStep, match=f"{state.value}.*{step.value}"):
        advance(state, step)
