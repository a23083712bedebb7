import contextlib
import io
import json
import logging

import pytest

from asynctasq.app import context, logs
from asynctasq.app.settings import WorkerSettings
from asynctasq.domain.message import Message

MESSAGE = Message("id-1", "default", task="shop:mail", body=b"", headers={"correlation_id": "order-7"})


@contextlib.contextmanager
def configured(*own, **settings):
    """As in a program whose root logger has only handlers of its own."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    root.handlers = list(own)
    try:
        logs.configure(WorkerSettings(**settings))
        yield root
    finally:
        root.handlers = handlers
        root.setLevel(level)


def test_it_logs_from_info_on(capsys):
    with configured():
        logging.getLogger("shop").info("open")
        logging.getLogger("shop").debug("hidden")

    written = capsys.readouterr().err
    assert "INFO     shop: open" in written
    assert "hidden" not in written


def test_a_line_of_a_task_names_it(capsys):
    with configured():
        token = context.enter(MESSAGE, 1)
        logging.getLogger("shop").info("mailing")
        context.current.reset(token)

    assert "mailing [task_id id-1] [correlation_id order-7]" in capsys.readouterr().err


def test_a_task_that_is_named_already_is_not_named_twice(capsys):
    with configured():
        logging.getLogger("asynctasq").info("id-1 succeeded", extra={"task_id": "id-1"})

    assert capsys.readouterr().err.count("id-1") == 1


def test_control_characters_do_not_reach_the_terminal(capsys):
    with configured():
        logging.getLogger("shop").info("\x1b[2Jgone")

    assert "\\x1b[2Jgone" in capsys.readouterr().err


def test_json_lines_hold_every_field(capsys):
    with configured(log_format="json", log_level="debug"):
        token = context.enter(MESSAGE, 1)
        logging.getLogger("shop").debug("mailing %s", "ada", extra={"copies": 2})
        context.current.reset(token)

    line = json.loads(capsys.readouterr().err)
    assert line.pop("time")
    assert line == {
        "level": "debug",
        "logger": "shop",
        "message": "mailing ada",
        "task_id": "id-1",
        "correlation_id": "order-7",
        "copies": 2,
    }


def test_an_exception_stays_within_its_line(capsys):
    with configured(log_format="json"):
        logging.getLogger("shop").error("failed", exc_info=ValueError("no"))

    [line] = capsys.readouterr().err.splitlines()
    assert "ValueError: no" in json.loads(line)["exception"]


def test_logging_that_is_configured_stays_as_it_is():
    own = logging.NullHandler()

    with configured(own) as root:
        assert root.handlers == [own]


class Writes(io.StringIO):
    def __init__(self):
        super().__init__()
        self.each = []

    def write(self, text):
        self.each.append(text)
        return super().write(text)


def test_what_is_logged_together_is_one_write_at_the_end():
    with configured() as root:
        [handler] = root.handlers
        stream = handler.stream = Writes()
        with logs.together():
            logging.getLogger("shop").info("open")
            logging.getLogger("shop").info("closed")
            before = list(stream.each)
        logging.getLogger("shop").info("cleaned")

    assert before == []
    assert [text.count("\n") for text in stream.each if text] == [2, 1]


def test_what_is_logged_together_is_written_even_if_something_raises(capsys):
    def log_and_fail():
        with logs.together():
            logging.getLogger("shop").info("open")
            raise ZeroDivisionError

    with configured(), pytest.raises(ZeroDivisionError):
        log_and_fail()

    assert "shop: open" in capsys.readouterr().err


def test_handlers_of_others_hear_what_is_logged_together_at_once():
    heard = []
    own = logging.NullHandler()
    own.handle = heard.append

    with configured(own), logs.together():
        logging.getLogger("shop").warning("open")
        assert len(heard) == 1
