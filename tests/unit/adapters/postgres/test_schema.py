"""Tables are made once, known again, brought up to date with what lies in them, and never taken from somebody else."""

import asyncio

import pytest

from asynctasq.adapters.postgres.names import Tables
from asynctasq.adapters.postgres.queue import PostgresQueue
from asynctasq.adapters.postgres.schema import PostgresSchema
from asynctasq.adapters.postgres.statements import sql
from asynctasq.domain.errors import ConfigurationError, SchemaMismatch
from asynctasq.domain.lifecycle import State
from asynctasq.domain.message import Message
from asynctasq.domain.verdict import Ack
from asynctasq.domain.wire import dumps_header

pytestmark = pytest.mark.broker("postgres")

TABLES = Tables.parse("task_queue", "dead_letter_queue")
COMMAND = "run asynctasq migrate --driver postgres"


@pytest.fixture
def schema(place):
    return PostgresSchema(place.dsn)


@pytest.fixture
def version_1(place):
    """The tables as version 1 made them, with one message in each."""
    for verb in ("queue_1", "dead_1"):
        place.execute(sql(verb, TABLES))
    place.execute("COMMENT ON TABLE task_queue IS 'asynctasq schema 1'")
    place.execute("COMMENT ON TABLE dead_letter_queue IS 'asynctasq schema 1'")
    header = dumps_header(Message("old", "default", task="t", body=b"body"))
    place.execute(
        "INSERT INTO task_queue (id, queue, due, attempt, header, body) "
        "VALUES ('old', 'default', now(), 1, $1, 'body')",
        header,
    )
    place.execute(
        "INSERT INTO dead_letter_queue (id, seq, queue, state, due, leases, attempt, failures, header, body) "
        "VALUES ('gone', 7, 'default', 'dead', now(), 3, 3, 2, $1, 'body')",
        header,
    )
    return place


async def opened(dsn, **tables):
    queue = PostgresQueue(dsn, **tables)
    await queue.open()
    return queue


async def passes_a_message(dsn, **tables):
    queue = await opened(dsn, **tables)
    await queue.enqueue([Message("new", "default", task="t", body=b"")])
    leases = await queue.lease(["default"], limit=9, lease_seconds=30, owner="test")
    refusals = await queue.settle([Ack(lease) for lease in leases])
    await queue.close()
    return [lease.message.id for lease in leases] == ["new"] and refusals == []


def test_what_is_pending_is_what_is_run_and_nothing_is_left_of_it(place, schema):
    pending = place.run(schema.pending())
    run = place.run(schema.migrate())

    assert pending == run != []
    assert place.run(schema.pending()) == place.run(schema.migrate()) == []
    assert place.run(passes_a_message(place.dsn))


def test_looking_changes_nothing(place, schema):
    place.run(schema.pending())

    assert place.fetch("SELECT to_regclass('task_queue')") == [(None,)]


def test_two_at_once_make_the_tables_once(place, schema):
    async def both():
        return await asyncio.gather(*(PostgresSchema(place.dsn).migrate() for _ in range(4)))

    ran = place.run(both())

    assert sorted(map(bool, ran)) == [False, False, False, True]


def test_an_older_schema_is_brought_up_to_date_with_its_messages(version_1, schema):
    version_1.run(schema.migrate())

    async def look():
        queue = await opened(version_1.dsn)
        await queue.enqueue([Message("urgent", "default", task="t", body=b"", priority=1)])
        leases = await queue.lease(["default"], limit=9, lease_seconds=30, owner="test")
        dead = await queue.admin.find(state=State.DEAD)
        await queue.admin.requeue(["gone"])
        [again] = await queue.lease(["default"], limit=9, lease_seconds=30, owner="test")
        await queue.close()
        return leases, dead.messages, again

    leases, dead, again = version_1.run(look())

    assert [(lease.message.id, lease.attempt, lease.message.body) for lease in leases] == [
        ("urgent", 1, b""),
        ("old", 2, b"body"),
    ]
    assert [(view.message.id, view.attempt) for view in dead] == [("gone", 3)]
    assert again.message.id == "gone"


def test_a_migration_that_fails_halfway_changes_nothing(version_1, schema):
    version_1.execute("CREATE VIEW in_the_way AS SELECT 1 AS a; ALTER TABLE dead_letter_queue RENAME TO aside")
    version_1.execute("CREATE TABLE dead_letter_queue (); COMMENT ON TABLE dead_letter_queue IS 'asynctasq schema 0'")

    with pytest.raises(Exception, match="dead_letter_queue"):
        version_1.run(schema.migrate())

    assert version_1.fetch("SELECT obj_description('task_queue'::regclass)") == [("asynctasq schema 1",)]


def test_a_queue_on_missing_tables_names_the_command(place):
    with pytest.raises(SchemaMismatch, match=f"task_queue is not there: {COMMAND}"):
        place.run(opened(place.dsn))


def test_a_queue_on_an_older_schema_names_the_command(version_1):
    with pytest.raises(SchemaMismatch, match=f"schema version 1, this AsyncTasQ wants 2: {COMMAND}"):
        version_1.run(opened(version_1.dsn))


def test_a_newer_schema_wants_a_newer_version(tables, schema):
    tables.execute("COMMENT ON TABLE task_queue IS 'asynctasq schema 99'")

    for call in (opened(tables.dsn), schema.migrate()):
        with pytest.raises(SchemaMismatch, match=r"schema version 99.*upgrade AsyncTasQ"):
            tables.run(call)


def test_a_table_of_somebody_else_is_not_touched(place, schema):
    place.execute("CREATE TABLE task_queue (precious text); INSERT INTO task_queue VALUES ('thing')")

    with pytest.raises(ConfigurationError, match=r"task_queue was not made by AsyncTasQ.*--force"):
        place.run(schema.migrate())
    with pytest.raises(SchemaMismatch, match="--force"):
        place.run(opened(place.dsn))

    assert place.fetch("SELECT * FROM task_queue") == [("thing",)]
    assert place.fetch("SELECT to_regclass('dead_letter_queue')") == [(None,)]


def test_force_adopts_a_table_of_somebody_else(place, schema):
    place.execute("CREATE TABLE task_queue (precious text); CREATE TABLE dead_letter_queue (id text)")

    place.run(schema.migrate(force=True))

    assert place.run(passes_a_message(place.dsn))
    assert place.run(schema.migrate()) == []


def test_tables_may_have_any_name_in_any_schema(place):
    names = {"queue_table": f"{place.schema}.Odd 'name'; --", "dead_letter_table": f'{place.schema}."dead.letters"'}

    place.run(PostgresSchema(place.dsn, **names).migrate())

    assert place.run(passes_a_message(place.dsn, **names))
    assert place.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1 ORDER BY 1", place.schema) == [
        ("Odd 'name'; --",),
        ("Odd 'name'; --_sent",),
        ("dead.letters",),
    ]


def test_a_schema_that_is_named_is_made_too(place):
    other = f"{place.schema}_2"
    schema = PostgresSchema(place.dsn, queue_table=f"{other}.a", dead_letter_table=f"{other}.b")

    place.run(schema.migrate())

    assert place.run(passes_a_message(place.dsn, queue_table=f"{other}.a", dead_letter_table=f"{other}.b"))
    place.execute(f"DROP SCHEMA {other} CASCADE")


def test_two_queues_may_share_their_dead_letters(tables):
    names = {"queue_table": "second", "dead_letter_table": "dead_letter_queue"}

    ran = tables.run(PostgresSchema(tables.dsn, **names).migrate())

    assert not [statement for statement in ran if "dead_letter_queue" in statement]
    assert tables.run(passes_a_message(tables.dsn, **names))
