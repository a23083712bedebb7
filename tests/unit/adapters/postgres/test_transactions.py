"""A dispatch on a connection of the user's is a part of the user's transaction."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from asynctasq.adapters.memory.queue import MemoryQueue
from asynctasq.app.classes import AsyncTask
from asynctasq.app.tasks import task
from asynctasq.container import build
from asynctasq.domain.errors import NotSendable, Refused, Unsupported
from tests.servers import URLS

pytestmark = pytest.mark.broker("postgres")


@task(queue="orders")
async def ship(order: int) -> None: ...


class Charge(AsyncTask[None]):
    order: int

    async def execute(self) -> None: ...


@pytest.fixture
def application(tables):
    application = build({"driver": "postgres", "postgres": {"dsn": tables.dsn}})
    yield application
    application.close()


@pytest.fixture
def dispatch(application, monkeypatch):
    monkeypatch.setattr("asynctasq.app.current.application", lambda: application)


def url_of(library):
    """Where a connection of SQLAlchemy leads, and finds no table of ours by itself."""
    return URLS["postgres"].replace("postgresql://", f"postgresql+{library}://")


def queued(tables):
    return {id for (id,) in tables.fetch("SELECT id FROM task_queue")}


def test_it_is_there_after_the_commit_and_not_before(tables, dispatch):
    async def scenario():
        connection = await asyncpg.connect(tables.dsn)
        async with connection.transaction():
            one = await ship(1).options(connection=connection).delay(60).on_queue("later").dispatch()
            two = await Charge(order=1).delay(60).options(connection=connection, priority=2).dispatch()
            before = await tables.connection.fetch("SELECT FROM task_queue")
        await connection.close()
        return before, {one, two}

    before, ids = tables.run(scenario())

    assert before == []
    assert queued(tables) == ids
    assert tables.fetch("SELECT queue, priority FROM task_queue ORDER BY 1") == [("default", 2), ("later", 0)]


def test_it_is_gone_with_the_rollback(tables, dispatch):
    async def scenario():
        async with asyncpg.create_pool(tables.dsn, min_size=1) as pool, pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await ship(1).options(connection=connection).dispatch()
            inside = await connection.fetchval("SELECT count(*) FROM task_queue")
            await transaction.rollback()
        return inside

    assert tables.run(scenario()) == 1
    assert queued(tables) == set()


def test_many_go_together_with_the_rest_on_their_usual_way(tables, application):
    async def scenario():
        connection = await asyncpg.connect(tables.dsn)
        transaction = connection.transaction()
        await transaction.start()
        ids = await application.dispatcher.dispatch_many(
            [ship(1).options(connection=connection), ship(2), ship(3).options(connection=connection)]
        )
        await transaction.rollback()
        await connection.close()
        return ids

    ids = tables.run(scenario())

    assert queued(tables) == {ids[1]}


@pytest.mark.parametrize("commits", [True, False])
def test_sessions_and_connections_of_sqlalchemy_will_do(tables, dispatch, commits):
    async def scenario():
        engine = create_async_engine(url_of("asyncpg"))
        ids = []
        async with engine.connect() as connection, AsyncSession(engine) as session:
            for each in (connection, session):
                ids.append(await ship(1).options(connection=each).dispatch())
                await (each.commit() if commits else each.rollback())
        await engine.dispose()
        return set(ids)

    ids = tables.run(scenario())

    assert queued(tables) == (ids if commits else set())


def test_a_worker_that_waits_hears_of_the_commit(tables, queue, dispatch):
    async def scenario():
        connection = await asyncpg.connect(tables.dsn)
        waiting = asyncio.ensure_future(queue.lease(["orders"], limit=1, lease_seconds=30, owner="test", wait=20))
        async with connection.transaction():
            id = await ship(1).options(connection=connection).dispatch()
        await connection.close()
        [lease] = await waiting
        return lease.message.id == id

    assert tables.run(scenario())


def test_a_transaction_that_has_failed_already_refuses_it(tables, dispatch):
    async def scenario():
        connection = await asyncpg.connect(tables.dsn)
        try:
            async with connection.transaction():
                with pytest.raises(asyncpg.PostgresError):
                    await connection.execute("SELECT nonsense")
                await ship(1).options(connection=connection).dispatch()
        finally:
            await connection.close()

    with pytest.raises(Refused, match="transaction did not take the task"):
        tables.run(scenario())


def test_what_cannot_travel_leaves_the_transaction_as_it_is(tables, dispatch):
    async def scenario():
        connection = await asyncpg.connect(tables.dsn)
        async with connection.transaction():
            with pytest.raises(NotSendable):
                await ship(object()).options(connection=connection).dispatch()
            id = await ship(2).options(connection=connection).dispatch()
        await connection.close()
        return id

    id = tables.run(scenario())

    assert queued(tables) == {id}


def test_a_connection_of_another_kind_is_refused_by_name(tables, dispatch):
    with pytest.raises(Unsupported, match=r"cannot use a builtins\.object"):
        tables.run(ship(1).options(connection=object()).dispatch())
    with pytest.raises(Unsupported, match=r"asyncpg\.connection\.Connection here.*dispatch_sync"):
        ship(1).options(connection=tables.connection).dispatch_sync()


def test_a_driver_that_cannot_do_it_says_so_with_its_name(dispatch, tables):
    elsewhere = ship(1).options(connection=tables.connection)
    elsewhere.config["driver"] = MemoryQueue()

    with pytest.raises(Unsupported, match="memory cannot join your transaction"):
        tables.run(elsewhere.dispatch())


def test_a_session_that_blocks_will_do_for_code_without_a_loop(tables, dispatch):
    pytest.importorskip("psycopg")
    engine = create_engine(url_of("psycopg"))

    with Session(engine) as session:
        id = ship(1).options(connection=session).dispatch_sync()
        session.commit()
    engine.dispose()

    assert queued(tables) == {id}
