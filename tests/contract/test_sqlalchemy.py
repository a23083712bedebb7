"""SQLAlchemy's models keep every promise, on async and on plain sessions."""

import os
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import NullPool, create_engine, event, make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import sessionmaker
from sqlalchemy.orm.session import _sessions

from asynctasq.adapters.models.sqlalchemy.loader import SqlalchemyModels
from asynctasq.adapters.serializers.classes import Classes
from asynctasq.testing.contracts import ModelBench, ModelResolverContract
from tests.contract.orm.sqlalchemy_models import Base, Letter, Memo, Note, Other, Seat
from tests.servers import URLS

RUN = f"asynctasq_orm_{os.getpid()}"


class SqlalchemyBench(ModelBench):
    """Async sessions on a SQLite file; subclasses differ in where the engine leads."""

    driver = "sqlite+aiosqlite"

    def __init__(self):
        self.folder = TemporaryDirectory()
        self.numbers = count(1)
        self.statements = []

    def url(self):
        return f"{self.driver}:///{Path(self.folder.name) / 'models.db'}"

    def unreachable(self):
        return f"{self.driver}:///{Path(self.folder.name) / 'nowhere' / 'models.db'}"

    def factory(self, url, **options):
        self.engine = create_async_engine(url, poolclass=NullPool, **options)
        event.listen(self.engine.sync_engine, "before_cursor_execute", self.count)
        return async_sessionmaker(self.engine)

    def count(self, connection, cursor, statement, *rest):
        self.statements.append(statement)

    async def do(self, work):
        """In a session of its own."""
        session = self.sessionmaker()
        if isinstance(session, AsyncSession):
            async with session:
                return await session.run_sync(work)
        with session:
            return work(session)

    async def open(self):
        self.sessionmaker = Base._asynctasq_session_factory = self.factory(self.url())
        await self.do(lambda session: (Base.metadata.drop_all(session.connection()), session.commit()))
        await self.do(lambda session: (Base.metadata.create_all(session.connection()), session.commit()))

    async def close(self):
        await self.do(lambda session: (Base.metadata.drop_all(session.connection()), session.commit()))
        self.folder.cleanup()

    def loader(self):
        return SqlalchemyModels(Classes())

    def unsaved(self):
        return Note(number=1, text="unsaved")

    async def save(self, text):
        return await self.add(Note(text=text))

    async def save_other(self, text):
        return await self.add(Other(text=text))

    async def save_heir(self, text):
        await self.add(Memo(text="another"))
        return await self.add(Letter(text=text))

    async def save_composite(self, text):
        return await self.add(Seat(row=next(self.numbers), letter="a", text=text))

    async def add(self, instance):
        """Committed, and therefore expired, and detached."""
        await self.do(lambda session: (session.add(instance), session.commit()))
        return instance

    def text(self, instance):
        return instance.text

    async def change(self, instance, text):
        def work(session):
            session.get(type(instance), self.key(instance)).text = text
            session.commit()

        await self.do(work)

    async def delete(self, instance):
        await self.do(
            lambda session: (session.delete(session.get(type(instance), self.key(instance))), session.commit())
        )

    async def befriend(self, instance, other):
        def work(session):
            session.get(Note, self.key(instance)).friend_id = self.key(other)[0]
            session.commit()

        await self.do(work)

    async def friend(self, instance):
        return await instance.awaitable_attrs.friend

    def key(self, instance):
        return instance._sa_instance_state.identity

    async def queries(self):
        return len(self.statements)

    def sessions(self):
        return sum(1 for each in list(_sessions.values()) if each.in_transaction() or len(each.identity_map))

    async def go_away(self):
        Base._asynctasq_session_factory = async_sessionmaker(
            create_async_engine(self.unreachable(), poolclass=NullPool)
        )


class PlainBench(SqlalchemyBench):
    """Plain sessions, whose work must not stop the loop."""

    driver = "sqlite"

    def factory(self, url, **options):
        self.engine = create_engine(url, poolclass=NullPool, **options)
        event.listen(self.engine, "before_cursor_execute", self.count)
        return sessionmaker(self.engine)

    async def friend(self, instance):
        return instance.friend

    async def go_away(self):
        Base._asynctasq_session_factory = sessionmaker(create_engine(self.unreachable()))


class PostgresBench(SqlalchemyBench):
    def url(self):
        return make_url(URLS["postgres"]).set(drivername="postgresql+asyncpg")

    def unreachable(self):
        return self.url().set(host="127.0.0.1", port=1)

    def factory(self, url, **options):
        return super().factory(url, connect_args={"server_settings": {"search_path": RUN}})


class MysqlBench(SqlalchemyBench):
    def url(self):
        return make_url(URLS["mysql"]).set(drivername="mysql+aiomysql", database=RUN)

    def unreachable(self):
        return self.url().set(host="127.0.0.1", port=1)


def administer(url, *statements):
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@pytest.fixture(scope="module")
def postgres():
    url = make_url(URLS["postgres"]).set(drivername="postgresql+psycopg")
    administer(url, f"CREATE SCHEMA {RUN}")
    yield
    administer(url, f"DROP SCHEMA {RUN} CASCADE")


@pytest.fixture(scope="module")
def mysql():
    url = make_url(URLS["mysql"]).set(drivername="mysql+pymysql")
    administer(url, f"CREATE DATABASE {RUN}")
    yield
    administer(url, f"DROP DATABASE {RUN}")


class TestAsyncSessions(ModelResolverContract):
    bench = SqlalchemyBench


class TestPlainSessions(ModelResolverContract):
    bench = PlainBench


@pytest.mark.broker("postgres")
@pytest.mark.usefixtures("postgres")
class TestPostgres(ModelResolverContract):
    bench = PostgresBench


@pytest.mark.broker("mysql")
@pytest.mark.usefixtures("mysql")
class TestMysql(ModelResolverContract):
    bench = MysqlBench
