"""The life of a message as one table; the picture in the docs is drawn from it."""

from collections.abc import Mapping
from enum import Enum

from asynctasq.domain.errors import IllegalStep


class State(Enum):
    SCHEDULED = "scheduled"
    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    DEAD = "dead"
    CANCELLED = "cancelled"


class Step(Enum):
    DUE = "due"
    LEASE = "lease"
    ACK = "ack"
    RETRY = "retry"
    BURY = "bury"
    CANCEL = "cancel"
    RELEASE = "release"
    SNOOZE = "snooze"
    EXPIRE = "expire"
    REQUEUE = "requeue"


TRANSITIONS: Mapping[tuple[State, Step], State] = {
    (State.SCHEDULED, Step.DUE): State.PENDING,
    (State.SCHEDULED, Step.CANCEL): State.CANCELLED,
    (State.PENDING, Step.LEASE): State.RUNNING,
    (State.PENDING, Step.CANCEL): State.CANCELLED,
    (State.RUNNING, Step.ACK): State.SUCCEEDED,
    (State.RUNNING, Step.RETRY): State.SCHEDULED,
    (State.RUNNING, Step.BURY): State.DEAD,
    (State.RUNNING, Step.CANCEL): State.CANCELLED,
    (State.RUNNING, Step.RELEASE): State.PENDING,
    (State.RUNNING, Step.SNOOZE): State.SCHEDULED,
    (State.RUNNING, Step.EXPIRE): State.PENDING,
    (State.DEAD, Step.REQUEUE): State.PENDING,
    (State.CANCELLED, Step.REQUEUE): State.PENDING,
}


def advance(state: State, step: Step) -> State:
    """The state after `step`, or `IllegalStep`."""
    try:
        return TRANSITIONS[state, step]
    except KeyError:
        raise IllegalStep(f"a {state.value} message has no step {step.value!r}") from None
