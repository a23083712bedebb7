import pytest

from asynctasq.app.definition import Mode
from asynctasq.cli.demo_report import Report, Sight, read_notes
from asynctasq.domain.lifecycle import State
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.views import MessageView

STARTED = {"event": "started", "attempt": 1}
FINISHED = {"event": "finished", "attempt": 1}


def view(state):
    return MessageView(Message("1", "q", task="t", body=b""), state, attempt=1, error=ErrorInfo("E", "no"))


def sight(message=None, *notes, mode=Mode.LOOP):
    sight = Sight("1", "a task", mode)
    sight.update(message, notes)
    return sight


@pytest.mark.parametrize(
    ("message", "notes", "state"),
    [
        (view(State.PENDING), [], "pending"),
        (view(State.RUNNING), [STARTED, FINISHED], "running"),
        (view(State.DEAD), [STARTED], "dead"),
        (None, [STARTED, FINISHED], "succeeded"),
        (None, [STARTED], "lost"),
        (None, [], "lost"),
    ],
)
def test_only_what_came_to_its_end_has_succeeded(message, notes, state):
    assert sight(message, *notes).state == state


def test_a_report_counts_what_was_seen():
    retried = sight(None, STARTED, {**STARTED, "attempt": 2}, {**FINISHED, "attempt": 2}, mode=Mode.THREAD)
    report = Report([retried, sight(None, STARTED, FINISHED), sight(view(State.DEAD), STARTED)])

    result = report.as_json("sqlite", 1.234)

    modes = result.pop("modes")
    assert (modes["async"], modes["thread"]) == (1, 1)
    assert result == {
        "driver": "sqlite",
        "dispatched": 3,
        "succeeded": 2,
        "retried": 1,
        "dead": 1,
        "seconds": 1.23,
    }


def test_a_report_is_complete_when_every_task_has_ended():
    assert Report([sight(None, FINISHED), sight(view(State.DEAD))]).complete
    assert not Report([sight(None, FINISHED), sight(view(State.SCHEDULED))]).complete


def test_a_line_that_is_being_written_is_left_for_later(tmp_path):
    ledger = tmp_path / "ledger"
    ledger.write_text('{"id": "1", "event": "started", "attempt": 1}\n{"id": "1", "ev')

    assert read_notes(ledger) == {"1": [{"id": "1", "event": "started", "attempt": 1}]}


def test_without_a_ledger_nothing_was_noted(tmp_path):
    assert read_notes(tmp_path / "ledger") == {}
