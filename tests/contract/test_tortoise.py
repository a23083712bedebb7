"""Tortoise's models keep every promise; the loader initialises it by itself."""

import logging
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest
from sqlalchemy import make_url
from tortoise.context import TortoiseContext, get_current_context
from tortoise.queryset import QuerySet

from asynctasq.adapters.models.tortoise.loader import TortoiseModels
from asynctasq.adapters.serializers.classes import Classes
from asynctasq.testing.contracts import ModelBench, ModelResolverContract
from tests.contract.orm.tortoise_models import Letter, Note, Other
from tests.servers import URLS

SCHEMA = f"asynctasq_tortoise_{os.getpid()}"
STATEMENTS = logging.getLogger("tortoise.db_client")


class Counter(logging.Handler):
    """Tortoise logs each statement with its values before it sends it."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.count = 0

    def emit(self, record):
        self.count += record.msg == "%s: %s"


class TortoiseBench(ModelBench):
    alias = "sqlite"  # what Tortoise knows of a dialect it keeps by the name of the connection

    def __init__(self):
        self.folder = TemporaryDirectory()
        self.counter = Counter()
        self.lost = False

    def connection(self):
        path = Path(self.folder.name)
        return f"sqlite://{path / 'nowhere' / 'models.db' if self.lost else path / 'models.db'}"

    def config(self):
        apps = {"models": {"models": [Note.__module__], "default_connection": self.alias}}
        return {"connections": {self.alias: self.connection()}, "apps": apps}

    async def open(self):
        """In a context of the test's own, as a program that dispatches has one; the loader gets none of it."""
        self.context = TortoiseContext()
        with self.context:
            await self.context.init(self.config())
            await self.context.generate_schemas()
        STATEMENTS.addHandler(self.counter)
        STATEMENTS.setLevel(logging.DEBUG)
        STATEMENTS.propagate = False

    async def close(self):
        STATEMENTS.removeHandler(self.counter)
        with self.context:
            await self.context.connections.get(self.alias).execute_script(
                "DROP TABLE letter; DROP TABLE note; DROP TABLE other;"
            )
        await self.context.close_connections()
        self.folder.cleanup()
        assert get_current_context() is None

    def loader(self):
        return TortoiseModels(Classes(), self.config)

    def unsaved(self):
        return Note(id=1, text="unsaved")

    async def save(self, text):
        return await self.add(Note(text=text))

    async def save_other(self, text):
        return await self.add(Other(text=text))

    async def save_heir(self, text):
        await self.save("another")
        return await self.add(Letter(text=text))

    async def add(self, instance):
        with self.context:
            await instance.save()
        return instance

    def text(self, instance):
        return instance.text

    async def change(self, instance, text):
        with self.context:
            await self.row(instance).update(text=text)

    async def delete(self, instance):
        with self.context:
            await self.row(instance).delete()

    def row(self, instance):
        return QuerySet(type(instance)).filter(pk=instance.pk)

    async def befriend(self, instance, other):
        with self.context:
            await self.row(instance).update(friend_id=other.pk)

    async def friend(self, instance):
        return await instance.friend

    async def queries(self):
        return self.counter.count

    def sessions(self):
        return 0

    async def go_away(self):
        self.lost = True


class PostgresBench(TortoiseBench):
    alias = "postgres"

    def connection(self):
        url = make_url(URLS["postgres"])
        credentials = {
            "host": url.host,
            "port": 1 if self.lost else url.port,
            "user": url.username,
            "password": url.password,
            "database": url.database,
            "schema": SCHEMA,
            "minsize": 1,
            "maxsize": 2,
        }
        return {"engine": "tortoise.backends.asyncpg", "credentials": credentials}


async def administer(statement):
    connection = await asyncpg.connect(URLS["postgres"])
    await connection.execute(statement)
    await connection.close()


@pytest.fixture(scope="module")
def postgres():
    import asyncio

    asyncio.run(administer(f"CREATE SCHEMA {SCHEMA}"))
    yield
    asyncio.run(administer(f"DROP SCHEMA {SCHEMA} CASCADE"))


class TestSqlite(ModelResolverContract):
    bench = TortoiseBench


@pytest.mark.broker("postgres")
@pytest.mark.usefixtures("postgres")
class TestPostgres(ModelResolverContract):
    bench = PostgresBench
