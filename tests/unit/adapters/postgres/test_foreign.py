"""Which connections of the user's are taken, where they have to lead, and what a refusal leaves of the transaction."""

import asyncio
import secrets

import asyncpg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import sessionmaker

from asynctasq.adapters.postgres.queue import PostgresQueue
from asynctasq.adapters.postgres.schema import PostgresSchema
from asynctasq.domain.errors import Closed, Refused, Unsupported
from asynctasq.domain.message import Message
from tests.servers import URLS

pytestmark = pytest.mark.broker("postgres")

SECRET = b"what the task was told"


def message(id="one"):
    return Message(id, "orders", task="t", body=SECRET)


def queued(tables):
    return {id for (id,) in tables.fetch("SELECT id FROM task_queue")}


def url_of(library):
    return URLS["postgres"].replace("postgresql://", f"postgresql+{library}://")


async def refusal(queue, connection):
    """Of an asyncpg connection, whose transaction must be good for something else afterwards."""
    async with connection.transaction():
        with pytest.raises(Refused) as refused:
            await queue.enqueue_on(connection, [message()])
        assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
    return str(refused.value)


def test_it_goes_to_the_queue_of_the_driver_whatever_the_connection_finds_by_itself(tables, queue):
    decoy = f"decoy_{secrets.token_hex(8)}"

    async def scenario():
        await PostgresSchema(
            URLS["postgres"], queue_table=f"{decoy}.task_queue", dead_letter_table=f"{decoy}.dead_letter_queue"
        ).migrate()
        connection = await asyncpg.connect(f"{URLS['postgres']}?search_path={decoy}")
        await queue.enqueue_on(connection, [message()])
        found = await connection.fetch("SELECT id FROM task_queue")
        await connection.execute(f"DROP SCHEMA {decoy} CASCADE")
        await connection.close()
        return found

    assert tables.run(scenario()) == []
    assert queued(tables) == {"one"}


def test_a_connection_to_another_database_is_refused_and_told_where_to_lead(tables, queue):
    async def scenario():
        return await refusal(queue, await asyncpg.connect(URLS["postgres"], database="template1"))

    text = tables.run(scenario())

    assert "'template1', which has no table" in text
    assert f"give a connection to {queue._database.place}" in text


def test_a_table_that_only_has_the_name_gets_nothing(tables, queue):
    async def scenario():
        await tables.connection.execute("DROP TABLE task_queue, dead_letter_queue, task_queue_sent")
        await PostgresSchema(tables.dsn).migrate()
        return await refusal(queue, await asyncpg.connect(tables.dsn))

    assert "another table" in tables.run(scenario())
    assert queued(tables) == set()


def test_a_transaction_that_is_read_only_goes_on(tables, queue):
    async def scenario():
        connection = await asyncpg.connect(tables.dsn, server_settings={"default_transaction_read_only": "on"})
        return await refusal(queue, connection)

    assert "read only" in tables.run(scenario())


def test_the_rights_that_are_documented_suffice_and_a_missing_one_is_named(tables, queue):
    role = f"role_{secrets.token_hex(8)}"
    rights = (
        f"GRANT USAGE ON SCHEMA {tables.schema} TO {role}; GRANT SELECT, INSERT ON task_queue TO {role}; "
        f"GRANT SELECT ON dead_letter_queue TO {role}"
    )

    async def scenario():
        connection = await asyncpg.connect(tables.dsn)
        await connection.execute(f"CREATE ROLE {role}; SET ROLE {role}")
        try:
            with pytest.raises(Refused, match="needs SELECT and INSERT on") as refused:
                await queue.enqueue_on(connection, [message()])
            await tables.connection.execute(rights)
            await queue.enqueue_on(connection, [message()])
        finally:
            await connection.execute(f"RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}")
            await connection.close()
        return refused.value

    assert isinstance(tables.run(scenario()).__cause__, asyncpg.InsufficientPrivilegeError)
    assert queued(tables) == {"one"}


def test_what_a_savepoint_takes_back_is_gone_and_the_rest_is_there(tables, queue):
    async def scenario():
        connection = await asyncpg.connect(tables.dsn)
        async with connection.transaction(isolation="serializable"):
            await queue.enqueue_on(connection, [message("one")])
            savepoint = connection.transaction()
            await savepoint.start()
            await queue.enqueue_on(connection, [message("two")])
            await savepoint.rollback()
            await queue.enqueue_on(connection, [message("three")])
        await connection.close()

    tables.run(scenario())

    assert queued(tables) == {"one", "three"}


def test_what_is_not_a_connection_is_refused_by_name(tables, queue):
    async def scenario():
        engines = create_engine(url_of("asyncpg")), create_async_engine(url_of("asyncpg"))
        makers = sessionmaker(engines[0]), async_sessionmaker(engines[1])
        async with asyncpg.create_pool(tables.dsn, min_size=0) as pool:
            for wrong in (pool, *engines, *makers, tables.connection.transaction()):
                with pytest.raises(Unsupported, match=rf"cannot use a .*{type(wrong).__name__} here"):
                    await queue.enqueue_on(wrong, [message()])
                with pytest.raises(Unsupported, match=rf"cannot use a .*{type(wrong).__name__} here"):
                    queue.enqueue_on_sync(wrong, [message()])

    tables.run(scenario())

    assert queued(tables) == set()


def test_a_connection_that_is_closed_or_leads_nowhere_says_where_it_has_to_lead(tables, queue):
    async def scenario():
        closed = await asyncpg.connect(tables.dsn)
        await closed.close()
        nowhere = create_async_engine("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
        async with AsyncSession(nowhere) as session:
            for connection in (closed, session):
                with pytest.raises(Refused, match=f"must be open.* and lead to {queue._database.place}"):
                    await queue.enqueue_on(connection, [message()])

    tables.run(scenario())


def test_a_refusal_by_sqlalchemy_does_not_repeat_what_the_task_was_told(tables, queue):
    async def scenario():
        engine = create_async_engine(url_of("asyncpg"))
        async with engine.connect() as connection:
            await connection.execute(text("SET ROLE pg_monitor"))
            with pytest.raises(Refused, match="permission denied for schema") as refused:
                await queue.enqueue_on(connection, [message()])
        await engine.dispose()
        return str(refused.value)

    told = tables.run(scenario())

    assert SECRET.decode() not in told
    assert "INSERT INTO" not in told


@pytest.mark.parametrize("options", [{"stream_results": True}, {"yield_per": 10}])
def test_who_reads_large_results_in_portions_can_dispatch_too(tables, queue, options):
    pytest.importorskip("psycopg")
    engine = create_engine(url_of("psycopg"))

    with engine.connect() as connection:
        queue.enqueue_on_sync(connection.execution_options(**options), [message()])
        connection.commit()
    engine.dispose()

    assert queued(tables) == {"one"}


def test_a_name_that_looks_like_a_parameter_is_one_to_nobody(tables):
    names = {"queue_table": "odd :p1 $1", "dead_letter_table": "odd :dead"}

    async def scenario():
        await PostgresSchema(tables.dsn, **names).migrate()
        queue = PostgresQueue(tables.dsn, **names)
        await queue.open()
        engine = create_async_engine(url_of("asyncpg"))
        async with engine.begin() as connection:
            refusals = await queue.enqueue_on(connection, [message()])
        await engine.dispose()
        await queue.close()
        return refusals

    assert tables.run(scenario()) == []
    assert tables.fetch('SELECT id FROM "odd :p1 $1"') == [("one",)]


def test_a_queue_that_was_never_opened_says_so(place):
    with pytest.raises(Closed, match="has not been opened"):
        asyncio.run(PostgresQueue(place.dsn).enqueue_on(place.connection, [message()]))
