"""Values that cross the ports start from defaults that share nothing."""

from asynctasq.domain.events import Event, EventKind
from asynctasq.domain.lifecycle import State
from asynctasq.domain.message import Message
from asynctasq.domain.verdict import Ack, Enqueue, Reason, Refusal
from asynctasq.domain.views import MessageView, Page, QueueStats


def test_two_messages_share_no_headers():
    one, two = (Message(id, "q", task="t", body=b"") for id in ("1", "2"))

    assert one.headers is not two.headers


def test_what_a_driver_cannot_count_is_unknown_and_not_zero():
    assert QueueStats("q") == QueueStats("q", pending=None, scheduled=None, running=None, dead=None)


def test_a_page_is_the_last_unless_it_says_how_to_go_on():
    view = MessageView(Message("1", "q", task="t", body=b""), State.PENDING, attempt=0)

    assert Page([view]).after is None


def test_an_event_is_plain_data():
    event = Event(EventKind.TASK_STARTED, "id", at=1.0, fields={"attempt": 1})

    assert (event.kind.value, event.subject, event.fields) == ("task_started", "id", {"attempt": 1})


def test_a_verdict_has_no_effects_unless_it_is_given_some():
    message = Message("1", "q", task="t", body=b"")

    assert Enqueue(message).message is message
    assert Ack.__attrs_attrs__.effects.default == ()


def test_a_refusal_says_why_in_one_word():
    assert Refusal("1", "", Reason.TOO_LARGE).reason.value == "too large"
