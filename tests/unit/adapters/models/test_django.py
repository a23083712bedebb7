"""What is particular to Django; the promises of the port are in tests/contract/test_django.py."""

import asyncio
import subprocess
import sys
import threading

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.db.backends.signals import connection_created

from asynctasq.adapters.models.django.loader import DjangoModels
from asynctasq.adapters.serializers.classes import Classes
from asynctasq.domain.errors import NotLoaded, NotSendable
from asynctasq.ports.models import ModelRef
from tests.contract.orm.django_models import MODELS, Letter, Note, Other

NOTE = f"{Note.__module__}:Note"


@pytest.fixture(autouse=True)
def tables():
    with connection.schema_editor() as editor:
        for model in MODELS:
            editor.create_model(model)
    yield
    with connection.schema_editor() as editor:
        for model in reversed(MODELS):
            editor.delete_model(model)
    connections.close_all()


@pytest.fixture
def loader():
    return DjangoModels(Classes())


@pytest.fixture
def opened():
    """The threads in which connections were opened since."""
    threads = []

    def note(**_):
        threads.append(threading.get_ident())

    connection_created.connect(note)
    yield threads
    connection_created.disconnect(note)


def here(loader, *references, inside=dict):
    """In a thread of its own, as a sync task runs; what `inside` gives."""
    result = []

    def work():
        with loader.load_blocking(references, share_session=False) as models:
            result.append(inside(models))
        result.append(connection.connection)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return result


def test_a_row_that_the_default_manager_hides_is_loaded(loader):
    note = Note.objects.create(text="text", hidden=True)

    [models, _] = here(loader, loader.reference(note))

    assert not Note.objects.exists()
    assert [each.text for each in models.values()] == ["text"]


def test_a_key_that_was_given_as_text_finds_its_number(loader):
    note = Note(pk="7", text="text")
    note.save()

    [models, _] = here(loader, loader.reference(note))

    assert [each.pk for each in models.values()] == [7]


def test_an_instance_that_was_made_by_hand_with_a_key_is_not_saved(loader):
    Note.objects.create(pk=7, text="text")

    with pytest.raises(NotSendable, match="not saved"):
        loader.reference(Note(pk=7))


def test_the_usual_database_is_not_named(loader):
    note = Note.objects.create(text="text")

    assert loader.reference(note) == ModelRef(NOTE, (note.pk,))


def test_an_instance_of_another_database_names_it(loader):
    note = Note.objects.create(text="text")
    note._state.db = "postgres"

    assert loader.reference(note).database == "postgres"


def test_a_database_that_is_not_configured_is_named(loader):
    with pytest.raises(NotLoaded, match="'elsewhere', which is not configured here"):
        asyncio.run(loader.resolve([ModelRef(NOTE, (1,), database="elsewhere")]))


def test_a_missing_table_is_no_outage(loader):
    with connection.schema_editor() as editor:
        editor.delete_model(Letter)
    try:
        with pytest.raises(NotLoaded, match="no such table"):
            asyncio.run(loader.resolve([ModelRef(f"{Letter.__module__}:Letter", (1,))]))
    finally:
        with connection.schema_editor() as editor:
            editor.create_model(Letter)


@pytest.mark.parametrize("key", [("text",), (1, 2), ([],)])
def test_a_key_that_does_not_fit_is_no_outage(loader, key):
    with pytest.raises(NotLoaded, match=NOTE):
        asyncio.run(loader.resolve([ModelRef(NOTE, key)]))


def test_a_sync_task_uses_one_connection_in_its_own_thread_and_leaves_none(loader, opened):
    note = Note.objects.create(text="text", friend=Other.objects.create(text="friend"))
    opened.clear()

    [text, left] = here(loader, loader.reference(note), inside=lambda models: next(iter(models.values())).friend.text)

    assert text == "friend"
    assert len(opened) == 1
    assert left is None


def test_all_blocking_work_of_async_tasks_is_done_in_the_thread_that_django_wants(loader, opened):
    note = Note.objects.create(text="text")
    reference = loader.reference(note)

    async def main():
        opened.clear()
        thread = await sync_to_async(threading.get_ident)()
        await asyncio.gather(*(loader.resolve([reference]) for _ in range(5)))
        return thread

    assert {asyncio.run(main())} == set(opened)


def test_an_async_task_leaves_no_old_connection(loader):
    async def main():
        async with loader.load([], share_session=False):
            await Note.objects.acount()
        return await sync_to_async(lambda: connection.connection)()

    assert asyncio.run(main()) is None


def test_every_task_of_a_django_project_is_surrounded(loader):
    assert loader.surrounds_every_task


def test_django_without_a_project_surrounds_nothing():
    program = """
import django.db
from asynctasq.adapters.models.django.loader import DjangoModels
from asynctasq.adapters.serializers.classes import Classes
assert not DjangoModels(Classes()).surrounds_every_task
"""
    subprocess.run([sys.executable, "-c", program], check=True)
