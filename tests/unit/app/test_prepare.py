from concurrent.futures import Future
from datetime import timedelta
from itertools import count

import pytest

from asynctasq.adapters.serializers.msgpack import MsgpackSerializer
from asynctasq.app.classes import SyncTask, TaskConfig
from asynctasq.app.codec import Codec
from asynctasq.app.outbox import Answer
from asynctasq.app.prepare import Preparer
from asynctasq.app.sendable import sending
from asynctasq.app.tasks import task
from asynctasq.domain.errors import BodyTooLarge, ConfigurationError, NotSendable, Unavailable
from asynctasq.domain.retry import RetryPolicy

CODEC = Codec(MsgpackSerializer())


def preparer(defaults=None, **options):
    ids = count(1)
    return Preparer(CODEC, defaults or {}, lambda: f"id-{next(ids)}", **options)


@task
def send(to, subject="hi", *more, body=""):
    pass


@task(queue="reports", max_attempts=5, timeout=30, visibility_timeout=600, retry_strategy="exponential", priority=3)
def report(number):
    pass


class Charge(SyncTask[None]):
    config: TaskConfig = {"queue": "charges", "correlation_id": "all"}

    def __init__(self, cents: int) -> None:
        super().__init__()
        self.euros = cents / 100

    def execute(self) -> None:
        pass


def test_a_bare_call_is_sent_with_built_in_settings():
    message = preparer().prepare(send("ann", body="text"))

    assert (message.id, message.queue, message.task) == ("id-1", "default", f"{__name__}:send")
    assert CODEC.decode(message.body) == (("ann",), {"body": "text"})
    assert message.headers == {}
    assert (message.delay_seconds, message.priority) == (0, 0)
    assert message.policy == RetryPolicy(3, delay_seconds=60)


def test_the_decorator_goes_before_the_settings():
    message = preparer({"queue": "usual", "max_attempts": 7, "retry_delay": 9}).prepare(report(1))

    assert (message.queue, message.priority) == ("reports", 3)
    assert message.policy == RetryPolicy.exponential(5, delay_seconds=9)
    assert message.headers == {"timeout": "30.0", "visibility_timeout": "600.0"}


def test_the_settings_go_before_what_is_built_in():
    assert preparer({"queue": "usual"}).prepare(send("ann")).queue == "usual"


def test_the_chain_goes_before_the_config_of_the_instance():
    charge = Charge(100)
    charge.config["queue"] = "instance"
    charge.config["timeout"] = 5

    message = preparer().prepare(charge.on_queue("chain").delay(timedelta(minutes=1)))

    assert message.queue == "chain"
    assert message.headers["timeout"] == "5.0"
    assert message.delay_seconds == 60


def test_no_timeout_in_the_chain_goes_before_a_timeout_of_the_task():
    assert "timeout" not in preparer().prepare(report(1).timeout(None)).headers


def test_the_config_of_an_instance_goes_before_that_of_its_class():
    charge = Charge(100)
    charge.config["correlation_id"] = "request-7"

    prepare = preparer().prepare

    assert prepare(charge).headers["correlation_id"] == "request-7"
    assert prepare(Charge(100)).headers["correlation_id"] == "all"


def test_what_is_sent_are_the_original_arguments():
    message = preparer().prepare(Charge(cents=250))

    assert CODEC.decode(message.body) == ((), {"cents": 250})


def test_the_driver_of_a_task_is_no_matter_of_the_message():
    charge = Charge(100)
    charge.config["driver"] = "memory"

    assert preparer().prepare(charge).queue == "charges"


def test_a_prepared_task_knows_its_id():
    call = send("ann")

    preparer().prepare(call)

    assert call._task_id == "id-1"


def test_each_dispatch_has_an_id_of_its_own():
    call, prepare = send("ann"), preparer().prepare

    assert [prepare(call).id, prepare(call).id] == ["id-1", "id-2"]


def cancelled() -> Future[Answer]:
    answer: Future[Answer] = Future()
    answer.cancel()
    return answer


def answered(answer: Answer) -> Future[Answer]:
    waiting: Future[Answer] = Future()
    waiting.set_result(answer)
    return waiting


@pytest.mark.parametrize("answer", [cancelled(), answered(Unavailable("nobody there"))])
def test_after_an_uncertain_dispatch_the_same_id_is_sent_once_more(answer):
    call, prepare = send("ann"), preparer().prepare
    prepare(call)
    sending(call).answer = answer

    assert [prepare(call).id, prepare(call).id] == ["id-1", "id-2"]


@pytest.mark.parametrize("answer", [Future(), answered([]), answered(ValueError("of the queue"))])
def test_after_any_other_answer_or_none_yet_the_id_is_new(answer):
    call, prepare = send("ann"), preparer().prepare
    prepare(call)
    sending(call).answer = answer

    assert prepare(call).id == "id-2"


def test_a_bad_setting_of_an_instance_is_refused_by_name():
    charge = Charge(100)
    charge.config["quue"] = "typo"

    with pytest.raises(ConfigurationError, match="Charge: unknown setting 'quue'"):
        preparer().prepare(charge)


def test_an_attribute_that_would_be_lost_is_named():
    charge = Charge(100)
    charge.euros = 2
    charge.note = "urgent"

    with pytest.raises(NotSendable, match="Charge: euros, note set after construction would not reach the worker"):
        preparer().prepare(charge)


def test_a_task_made_inside_a_function_is_refused_with_the_remedy():
    @task
    def local():
        pass

    with pytest.raises(NotSendable, match=r"local is made inside a function.*move it to module level"):
        preparer().prepare(local())


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (send, "send: to"),
        (lambda bad: send("ann", {"a": [bad]}), r"send: subject\['a'\]\[0\]"),
        (lambda bad: send("ann", "hi", 1, bad), "send: argument 4"),
        (lambda bad: send("ann", body=(1, bad)), r"send: body\[1\]"),
    ],
)
def test_an_argument_that_cannot_travel_is_named_with_the_path_into_it(call, named):
    with pytest.raises(NotSendable, match=f"{named}.*object"):
        preparer().prepare(call(object()))


def test_a_refused_task_has_no_id():
    call = send(object())

    with pytest.raises(NotSendable):
        preparer().prepare(call)

    assert call._task_id is None


def test_a_body_beyond_the_limit_names_its_largest_argument_and_both_sizes():
    call = send("ann", "x" * 500, body="y" * 900)

    with pytest.raises(BodyTooLarge, match=r"send: the arguments take 14\d\d bytes, 9\d\d of them 'body'; 1000 are"):
        preparer(max_body_bytes=1000).prepare(call)


def test_a_body_at_the_limit_is_sent():
    body = preparer().prepare(send("ann")).body

    assert preparer(max_body_bytes=len(body)).prepare(send("ann")).body == body
