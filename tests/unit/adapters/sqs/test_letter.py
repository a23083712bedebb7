from hypothesis import given

from asynctasq.adapters.sqs import letter
from asynctasq.adapters.sqs.envelope import Facts, pack
from asynctasq.adapters.sqs.letter import End
from asynctasq.domain.lifecycle import State
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.testing.strategies import errors

MESSAGE = Message("id", "q", task="t", body=b"x" * 30_000)
TEXT = pack(Facts("id", attempts=2), MESSAGE)


def end(error=None):
    return End("id", State.DEAD, attempt=3, failures=2, worker="w", error=error)


@given(errors)
def test_a_letter_tells_how_it_ended_and_what_the_message_was(error):
    view, text = letter.read(letter.write(end(error), TEXT, most_bytes=10**6), id="other", queue="q")

    assert (view.message, view.state, view.attempt, view.failures) == (MESSAGE, State.DEAD, 3, 2)
    assert (view.worker, view.error, text) == ("w", error.storable(), TEXT)


def test_an_error_is_cut_so_that_the_letter_fits():
    error = ErrorInfo("E", "begin" + "é" * 10_000, "é" * 10_000 + "end")

    written = letter.write(end(error), TEXT, most_bytes=len(TEXT) + 1000)
    view, text = letter.read(written, id="other", queue="q")

    assert len(written.encode()) <= len(TEXT) + 1000
    assert text == TEXT
    assert (view.error.message[:5], view.error.traceback[-3:]) == ("begin", "end")


def test_a_message_of_ours_is_never_cut():
    assert letter.write(end(), TEXT, most_bytes=100).endswith(TEXT)


def test_what_we_never_sent_is_cut_if_nothing_else_helps():
    written = letter.write(end(), "ä" * 1000, most_bytes=1000)

    assert len(written.encode()) <= 1000


def test_what_somebody_else_put_among_the_dead_letters_can_be_looked_at():
    view, text = letter.read("hello", id="its id", queue="q")

    assert (view.message.id, view.message.body, view.state, view.error, text) == (
        "its id",
        b"hello",
        State.DEAD,
        None,
        "hello",
    )
