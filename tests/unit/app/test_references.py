"""Models among the arguments of a task, from its dispatch to its end. The ORM is made up; real ones keep its port."""

import asyncio
import dataclasses
from concurrent.futures import ThreadPoolExecutor

import attrs
import msgpack
import pytest
from dependency_injector import providers

from asynctasq import AsyncTask, Container, Settings, SyncTask, task
from asynctasq.adapters.serializers.msgpack import MsgpackSerializer
from asynctasq.app.attempt import Attempt
from asynctasq.app.codec import PLAIN, WITH_REFERENCES, Codec
from asynctasq.app.definition import TaskDefinition
from asynctasq.app.references import Models
from asynctasq.domain.errors import ConfigurationError, NotSendable
from asynctasq.domain.lease import Lease
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import Failed, Rejected, Skewed, Snoozed, Succeeded, TimedOut, Undecodable
from asynctasq.ports.models import ModelRef
from tests.unit.app.shelf import Book, Shelf

BOOK = f"{Book.__module__}:Book"

seen = []


@dataclasses.dataclass
class Loan:
    book: Book
    days: int = 1


@attrs.frozen
class Pile:
    books: list[Book] = attrs.field(validator=attrs.validators.deep_iterable(attrs.validators.instance_of(Book)))


@task
async def read(*books, **more):
    seen.append((books, more))


@task
def read_in_a_thread(book):
    seen.append(book.title)


@task(on_missing_model="none")
async def read_if_there(book):
    seen.append(book)


@task(on_missing_model="retry", max_attempts=2, retry_delay=60)
async def read_later(book):
    seen.append(book)


@task(max_attempts=1)
async def burn(book):
    raise RuntimeError(book.title)


@task(max_attempts=1, timeout=0.05)
async def ponder(book):
    seen.append(book.title)
    await asyncio.Event().wait()


class Review(AsyncTask[None]):
    config = {"max_attempts": 1}

    async def execute(self):
        seen.append(("execute", self.book.title))
        raise RuntimeError

    async def failed(self, exception):
        seen.append(("failed", self.book.title))


class Memory(SyncTask[None]):
    def execute(self):
        seen.append("execute")

    def failed(self, exception):
        seen.append(("failed", self.book.title))


class Loud(SyncTask[None]):
    config = {"max_attempts": 1}

    def execute(self):
        raise RuntimeError

    def failed(self, exception):
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            seen.append("no loop runs here")


@pytest.fixture(autouse=True)
def nothing_seen():
    seen.clear()


@pytest.fixture
def shelf():
    return Shelf()


def ran(shelf, call, *, buried=False):
    """How one attempt at this call ended, or at this message that nobody dispatched; `buried`, it is only told of."""

    async def main():
        container = Container(
            settings=providers.Object(Settings(driver="memory")),
            model_loaders=providers.List(providers.Object(shelf)),
        )
        message = call if isinstance(call, Message) else container.preparer().prepare(call)
        attempt = Attempt(Lease(message, "token", attempt=1))
        runner = container.runner()
        await runner.open()
        try:
            if buried:
                return await runner.mourn(attempt, "its worker died")
            ready = runner.read(attempt)
            return await runner.run(attempt) if isinstance(ready, TaskDefinition) else ready
        finally:
            await runner.close()

    return asyncio.run(main())


def codec(shelf):
    return Codec(MsgpackSerializer(), Models([shelf]).refer)


def forged(*parts, code=22, version=WITH_REFERENCES):
    """A message for `read` whose body nobody's `dispatch` has written."""
    reference = msgpack.ExtType(code, msgpack.packb(list(parts)))
    body = bytes([version]) + msgpack.packb([[reference], {}])
    return Message("forged", "default", task=read.definition.name, body=body)


def test_a_model_arrives_as_its_row_is_when_the_task_runs(shelf):
    book = shelf.put(1, "then")
    shelf.put(1, "now")

    ran(shelf, read(book))

    [((arrived,), _)] = seen
    assert arrived.title == "now"


@pytest.mark.parametrize(
    ("wrap", "unwrap"),
    [
        (lambda book: [1, [book]], lambda value: value[1][0]),
        (lambda book: (book, 1), lambda value: value[0]),
        (lambda book: {"a": {"b": book}}, lambda value: value["a"]["b"]),
        (lambda book: {1: (book,)}, lambda value: value[1][0]),
        (lambda book: {book}, lambda value: next(iter(value))),
        (Loan, lambda value: value.book),
        (lambda book: Pile([book]), lambda value: value.books[0]),
        (lambda book: [Loan(Pile([book]))], lambda value: value[0].book.books[0]),
    ],
)
def test_a_model_may_be_anywhere_in_the_arguments(shelf, wrap, unwrap):
    value = wrap(shelf.put(1, "text"))

    ran(shelf, read(value))

    [((arrived,), _)] = seen
    assert unwrap(arrived).title == "text"
    assert type(arrived) is type(value)


def test_all_of_them_are_loaded_at_once_and_each_only_once(shelf):
    books = [shelf.put(number, str(number)) for number in range(5)]

    ran(shelf, read(books, favourite=books[3]))

    [((arrived,), more)] = seen
    assert shelf.loads == [(5, False)]
    assert arrived[3] is more["favourite"]


def test_a_body_says_by_its_first_byte_whether_it_holds_references(shelf):
    assert codec(shelf).encode((shelf.put(1, ""),), {})[0] == WITH_REFERENCES
    assert codec(shelf).encode((1, [2], Loan(None)), {})[0] == PLAIN


def test_arguments_without_models_are_never_walked(shelf):
    read(list(range(50_000)), text="text")
    coding = codec(shelf)

    body = coding.encode((list(range(50_000)),), {"text": "text", "more": [{"a": [1.5, None]}] * 100})

    assert shelf.asked == 0
    assert coding.references(body) == ()


def test_a_task_without_models_loads_nothing(shelf):
    ran(shelf, read(1))
    ran(shelf, read_if_there("no book"))

    assert shelf.loads == []


@pytest.mark.parametrize(
    "lookalike",
    [
        ModelRef(BOOK, (1,)),
        [BOOK, [1]],
        {"model": BOOK, "key": [1]},
        {"__model__": [BOOK, [1]]},
        msgpack.packb(msgpack.ExtType(22, msgpack.packb([BOOK, [1]]))),
    ],
)
def test_data_that_looks_like_a_reference_stays_data(shelf, lookalike):
    book = shelf.put(1, "text")

    ran(shelf, read(lookalike, book))

    [((arrived, _), _)] = seen
    assert arrived == lookalike
    assert type(arrived) is type(lookalike)


def test_the_extension_itself_cannot_be_given_as_data(shelf):
    with pytest.raises(NotSendable):
        codec(shelf).encode((msgpack.ExtType(22, msgpack.packb([BOOK, [1]])),), {})


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (forged("builtins:int", [1]), "is no model"),
        (forged(BOOK, [[1]]), "container"),
        (forged(BOOK), "cannot be read"),
        (forged(1, [1]), "another form"),
        (forged(BOOK, [1], "replica", 1), "another form"),
        (forged(BOOK, [float("nan")]), "should be none"),
        (forged(BOOK, [1], version=PLAIN), "should be none"),
    ],
)
def test_a_forged_reference_is_dead_at_once(shelf, message, text):
    shelf.put(1, "text")

    outcome = ran(Tolerant(shelf), message)

    assert isinstance(outcome, Undecodable)
    assert text in outcome.error.message
    assert seen == []


def Tolerant(shelf):  # noqa: N802 - it stands for a class
    """A shelf that finds a row for every key, so that nothing but the reference can be wrong."""
    shelf.found = lambda references: {each: Book(each.key) for each in references}
    return shelf


def test_a_class_that_is_not_there_is_left_to_a_newer_worker(shelf):
    assert isinstance(ran(shelf, forged("shop:Gone", [1])), Skewed)


def test_a_row_that_is_gone_is_a_dead_letter_that_names_class_and_key(shelf):
    outcome = ran(shelf, read([Book(1), Book((2, "b"))]))

    assert isinstance(outcome, Rejected)
    assert outcome.error.kind == "ModelNotFound"
    assert outcome.error.message == f"model not found: {BOOK} with key 1, {BOOK} with key (2, 'b')"
    assert seen == []


def test_a_row_that_is_gone_may_be_none(shelf):
    assert ran(shelf, read_if_there(Book(1))) == Succeeded()
    assert seen == [None]


def test_a_row_that_is_gone_may_be_waited_for(shelf):
    outcome = ran(shelf, read_later(Book(1)))

    assert isinstance(outcome, Failed)
    assert outcome.retryable
    assert "model not found" in outcome.error.message


def test_what_the_dispatch_says_counts_more_than_what_the_task_says(shelf):
    assert isinstance(ran(shelf, read_if_there(Book(1)).options(on_missing_model="dead")), Rejected)


def test_what_an_instance_says_counts_more_than_its_class(shelf):
    review = Review(book=Book(1))
    review.config["on_missing_model"] = "retry"

    assert isinstance(ran(shelf, review), Failed)


@pytest.mark.parametrize("options", [{"on_missing_model": "ignore"}, {"share_session": 1}])
def test_an_option_that_cannot_be_is_refused_where_it_is_written(options):
    [name] = options
    with pytest.raises(ConfigurationError, match=name):
        read().options(**options)


def test_the_loader_is_told_to_share_a_session(shelf):
    ran(shelf, read(shelf.put(1, "")).options(share_session=True))

    assert shelf.loads == [(1, True)]


def test_no_answer_from_the_database_puts_the_task_back_without_an_attempt(shelf):
    book = shelf.put(1, "text")
    shelf.down = True

    outcome = ran(shelf, burn(book))

    assert isinstance(outcome, Snoozed)
    assert 59 < outcome.delay_seconds < 67


def test_an_unsaved_model_is_refused_by_the_name_of_its_argument(shelf):
    with pytest.raises(NotSendable, match=r"read_if_there: book\['of'\]\[0\]: this Book is not saved"):
        ran(shelf, read_if_there({"of": [Book(1, saved=False)]}))


def test_a_key_that_cannot_travel_is_refused(shelf):
    with pytest.raises(NotSendable, match=r"book: the key of this .*Book cannot travel: .*object objects"):
        ran(shelf, read_if_there(Book(object())))


@pytest.mark.parametrize("ends", [burn, ponder])
def test_what_a_model_hangs_on_is_closed_however_its_task_ends(shelf, ends):
    assert isinstance(ran(shelf, ends(shelf.put(1, "text"))), Failed | TimedOut)
    assert shelf.open == 0


def test_what_does_not_close_changes_no_outcome(shelf):
    shelf.fails_to_close = True

    assert ran(shelf, read(shelf.put(1, "text"))) == Succeeded()
    assert len(seen) == 1


def test_hooks_see_the_models_of_their_task(shelf):
    ran(shelf, Review(book=shelf.put(1, "text")))

    assert seen == [("execute", "text"), ("failed", "text")]


@pytest.mark.parametrize("blocking", [False, True])
@pytest.mark.parametrize("kind", [Review, Memory])
def test_a_task_that_died_with_its_worker_hears_of_it_with_its_models(kind, blocking):
    shelf = Shelf(blocking=blocking)

    ran(shelf, kind(book=shelf.put(1, "text")), buried=True)

    assert seen == [("failed", "text")]
    assert shelf.open == 0


def test_no_hook_of_a_task_is_called_that_could_not_be_built(shelf):
    ran(shelf, Review(book=Book(1)))

    assert seen == []


def test_a_blocking_hook_is_called_on_a_thread_without_a_loop(shelf):
    ran(shelf, Loud())

    assert seen == ["no loop runs here"]


@pytest.mark.parametrize("blocking", [False, True])
def test_a_task_in_a_thread_gets_its_models(blocking):
    shelf = Shelf(blocking=blocking)

    ran(shelf, read_in_a_thread(shelf.put(1, "text")))

    assert seen == ["text"]
    assert shelf.open == 0


@pytest.mark.parametrize("call", [read(1), read_in_a_thread(Book(1))])
def test_a_loader_may_surround_tasks_without_models_too(call):
    shelf = Shelf(blocking=True, surrounds=True)
    shelf.put(1, "text")

    ran(shelf, call)

    assert len(shelf.loads) == 1


def test_a_task_without_models_does_without_an_orm_that_is_down():
    shelf = Shelf(surrounds=True)
    shelf.down = True

    assert ran(shelf, read(1)) == Succeeded()
    assert len(seen) == 1


def test_encoding_in_many_threads_keeps_apart_what_each_has_met(shelf):
    coding = codec(shelf)
    values = [(shelf.put(1, ""),) if number % 2 else (number,) for number in range(200)]

    with ThreadPoolExecutor(8) as threads:
        bodies = list(threads.map(lambda value: coding.encode(value, {}), values))

    assert [body[0] for body in bodies] == [WITH_REFERENCES if number % 2 else PLAIN for number in range(200)]
