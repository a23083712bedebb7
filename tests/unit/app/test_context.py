import contextvars
import logging

from asynctasq.app import context
from asynctasq.domain.message import Message


def record(**fields):
    made = logging.LogRecord("shop", logging.INFO, __file__, 1, "sold", None, None)
    vars(made).update(fields)
    return made


def filtered(made):
    assert context.TaskFields().filter(made)
    return made


def test_a_record_made_in_a_task_carries_its_ids():
    message = Message("id-1", "emails", task="jobs:send", body=b"", headers={"correlation_id": "request-7"})

    def in_the_task():
        context.enter(message, 2)
        return context.current.get(), filtered(record())

    current, made = contextvars.copy_context().run(in_the_task)

    assert current == context.TaskContext("id-1", "jobs:send", "emails", 2, "request-7")
    assert (made.task_id, made.correlation_id) == ("id-1", "request-7")


def test_a_record_made_elsewhere_carries_no_ids():
    made = filtered(record())

    assert (made.task_id, made.correlation_id) == (None, None)


def test_a_task_is_cancelled_once_its_flag_is_raised_and_is_known_to_have_seen_it():
    flag = context.Flag()

    def in_the_task():
        context.enter(Message("id-1", "emails", task="jobs:send", body=b""), 1, flag)
        before = context.cancelled(), flag.seen
        flag.raised = True
        return before, (context.cancelled(), flag.seen)

    assert contextvars.copy_context().run(in_the_task) == ((False, False), (True, True))


def test_code_outside_of_any_task_is_never_cancelled():
    assert not context.cancelled()


def test_what_a_record_says_itself_is_kept():
    assert filtered(record(task_id="id-9")).task_id == "id-9"
