"""Django's models keep every promise, on more than one database."""

from itertools import count

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.db.models import QuerySet

from asynctasq.adapters.models.django.loader import DjangoModels
from asynctasq.adapters.serializers.classes import Classes
from asynctasq.testing.contracts import ModelBench, ModelResolverContract
from tests.contract.orm.django_models import MODELS, NOWHERE, SCHEMA, Letter, Note, Other, Seat


class DjangoBench(ModelBench):
    alias = "default"
    lost = {"NAME": NOWHERE}
    kept = {}

    def __init__(self):
        self.numbers = count(1)
        self.statements = []

    @property
    def connection(self):
        """That of the thread in which Django's blocking code runs; the rest of its name is the same everywhere."""
        return connections[self.alias]

    async def open(self):
        await sync_to_async(self.make_tables)()

    def make_tables(self):
        with self.connection.schema_editor() as editor:
            for model in MODELS:
                editor.create_model(model)
        self.connection.execute_wrappers.append(self.count)

    def count(self, execute, sql, params, many, context):
        self.statements.append(sql)
        return execute(sql, params, many, context)

    async def close(self):
        await sync_to_async(self.drop_tables)()

    def drop_tables(self):
        self.connection.close()
        self.connection.settings_dict.update(self.kept)
        self.connection.execute_wrappers.clear()
        with self.connection.schema_editor() as editor:
            for model in reversed(MODELS):
                editor.delete_model(model)
        connections.close_all()

    def loader(self):
        return DjangoModels(Classes())

    def unsaved(self):
        return Note(id=1, text="unsaved")

    async def save(self, text):
        return await self.add(Note(text=text))

    async def save_other(self, text):
        return await self.add(Other(text=text))

    async def save_heir(self, text):
        await self.save("another")
        return await self.add(Letter(text=text))

    async def save_composite(self, text):
        if Seat is None:
            pytest.skip("this Django has no composite keys")
        return await self.add(Seat(row=next(self.numbers), letter="a", text=text))

    async def add(self, instance):
        await instance.asave(using=self.alias)
        return instance

    def text(self, instance):
        return instance.text

    async def change(self, instance, text):
        await self.row(instance).aupdate(text=text)

    async def delete(self, instance):
        await self.row(instance).adelete()

    def row(self, instance):
        return QuerySet(type(instance), using=self.alias).filter(pk=instance.pk)

    async def befriend(self, instance, other):
        await self.row(instance).aupdate(friend=other)

    async def friend(self, instance):
        return await sync_to_async(lambda: instance.friend)()

    async def queries(self):
        return len(self.statements)

    def sessions(self):
        return 0

    async def go_away(self):
        await sync_to_async(self.lose)()

    def lose(self):
        self.connection.close()
        self.kept = {key: self.connection.settings_dict[key] for key in self.lost}
        self.connection.settings_dict.update(self.lost)


class PostgresBench(DjangoBench):
    alias = "postgres"
    lost = {"PORT": 1}


@pytest.fixture(scope="module")
def postgres():
    def administer(statement):
        with connections["postgres"].cursor() as cursor:
            cursor.execute(statement)
        connections["postgres"].close()

    administer(f"CREATE SCHEMA {SCHEMA}")
    yield
    administer(f"DROP SCHEMA {SCHEMA} CASCADE")


class TestDefaultDatabase(ModelResolverContract):
    bench = DjangoBench


@pytest.mark.broker("postgres")
@pytest.mark.usefixtures("postgres")
class TestAnotherDatabase(ModelResolverContract):
    bench = PostgresBench
