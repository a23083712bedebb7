import asyncio

import pytest

from asynctasq.adapters.mysql.names import tables
from asynctasq.adapters.mysql.queue import MySQLQueue
from asynctasq.adapters.mysql.schema import MySQLSchema
from asynctasq.adapters.mysql.statements import Statements
from asynctasq.domain.errors import ConfigurationError, SchemaMismatch
from asynctasq.domain.message import Message
from asynctasq.domain.verdict import Ack

pytestmark = pytest.mark.broker("mysql")

SQL = Statements(tables("task_queue", "dead_letter_queue"))
REMEDY = "asynctasq migrate --driver mysql"
ROW = """'{"kind":"E","message":"m","traceback":""}', 'header', 'body'"""


def ddl(verb: str) -> str:
    return SQL(verb).decode()


async def opened(dsn: str, **names: str) -> None:
    queue = MySQLQueue(dsn, **names)
    try:
        await queue.open()
    finally:
        await queue.close()


def comments(execute) -> list[str]:
    rows = execute("SELECT table_comment FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1")
    return [comment for (comment,) in rows]


def test_migrate_runs_what_was_pending_and_leaves_nothing_pending(runner, dsn):
    schema = MySQLSchema(dsn)

    pending = runner.run(schema.pending())
    done = runner.run(schema.migrate())

    assert [statement.split()[0] for statement in done] == ["CREATE", "ALTER", "CREATE", "ALTER", "CREATE"]
    assert pending == done
    assert (list(runner.run(schema.pending())), list(runner.run(schema.migrate()))) == ([], [])
    runner.run(opened(dsn))


def test_two_that_migrate_at_once_do_it_once(runner, dsn):
    async def both():
        return await asyncio.gather(*(MySQLSchema(dsn).migrate() for _ in range(2)))

    assert sorted(map(len, runner.run(both()))) == [0, 5]


def test_messages_of_version_1_live_on_in_version_2(runner, dsn, execute):
    execute(ddl("queue_1"))
    execute(ddl("dead_1"))
    execute(f"INSERT INTO task_queue (id, queue, due, error, header, body) VALUES ('old', 'one', NOW(6), {ROW})")
    execute(
        "INSERT INTO dead_letter_queue (seq, id, queue, state, leases, attempt, failures, error, header, body)"
        f" VALUES (7, 'dead', 'one', 'dead', 3, 3, 2, {ROW})"
    )

    done = runner.run(MySQLSchema(dsn).migrate())

    async def scenario():
        queue = MySQLQueue(dsn)
        await queue.open()
        await queue.admin.requeue(["dead"])
        leases = await queue.lease(["one"], limit=5, lease_seconds=30, owner="test")
        refusals = await queue.settle([Ack(held) for held in leases])
        await queue.close()
        return sorted((held.message.id, held.message.body, held.skewed_seconds) for held in leases), refusals

    assert [statement.split()[0] for statement in done] == ["ALTER", "ALTER", "CREATE"]
    assert runner.run(scenario()) == ([("dead", b"body", 0.0), ("old", b"body", 0.0)], [])
    assert comments(execute) == [
        "asynctasq dead letters, schema 2",
        "asynctasq queue, schema 2",
        "asynctasq senders, schema 1",
    ]


@pytest.mark.parametrize("done", range(5))
def test_a_migration_that_was_killed_is_finished_by_the_next(runner, dsn, execute, done):
    steps = runner.run(MySQLSchema(dsn).pending())
    for statement in steps[:done]:
        execute(statement)

    rest = runner.run(MySQLSchema(dsn).migrate())

    assert list(rest) == list(steps[done:])
    runner.run(opened(dsn))


@pytest.mark.parametrize("name", ["jobs", "`; DROP TABLE x; --", "select", "Ünï cödé 100% :x {queue}"])
def test_tables_may_have_any_name_in_any_database(runner, dsn, execute, name):
    database = dsn.rpartition("/")[2]
    names = {"queue_table": f"{database}.{name}", "dead_letter_table": f"{name} dead"}
    elsewhere = f"{dsn.rpartition('/')[0]}/{database}"

    async def scenario():
        await MySQLSchema(elsewhere, **names).migrate()
        queue = MySQLQueue(elsewhere, **names)
        await queue.open()
        await queue.enqueue([Message("a", "one", task="t", body=b"")])
        leases = await queue.lease(["one"], limit=5, lease_seconds=30, owner="test")
        await queue.close()
        return len(leases)

    assert runner.run(scenario()) == 1
    assert {table for (table,) in execute("SHOW TABLES")} == {name, f"{name} dead", f"{name}_sent"}


def test_two_queues_in_one_database_have_versions_of_their_own(runner, dsn):
    runner.run(MySQLSchema(dsn).migrate())
    other = {"queue_table": "other", "dead_letter_table": "other_dead"}

    with pytest.raises(SchemaMismatch, match=f"other does not exist: run `{REMEDY}`"):
        runner.run(opened(dsn, **other))


def test_missing_tables_are_no_outage_and_name_the_remedy(runner, dsn):
    with pytest.raises(SchemaMismatch, match=f"task_queue does not exist: run `{REMEDY}`"):
        runner.run(opened(dsn))


def test_an_old_schema_names_the_remedy(runner, dsn, execute):
    execute(ddl("queue_1"))

    with pytest.raises(SchemaMismatch, match=f"has schema version 1, not 2: run `{REMEDY}`"):
        runner.run(opened(dsn))


def test_a_newer_schema_asks_for_a_newer_asynctasq(runner, dsn, execute):
    runner.run(MySQLSchema(dsn).migrate())
    execute("ALTER TABLE dead_letter_queue COMMENT = 'asynctasq dead letters, schema 3'")

    for call in (opened(dsn), MySQLSchema(dsn).pending(), MySQLSchema(dsn).migrate(force=True)):
        with pytest.raises(SchemaMismatch, match=f"schema version 3.*upgrade asynctasq.*{REMEDY}"):
            runner.run(call)


def test_a_table_that_is_not_ours_is_refused_and_left_alone(runner, dsn, execute):
    execute("CREATE TABLE task_queue (a INT)")

    for call, error in ((opened(dsn), SchemaMismatch), (MySQLSchema(dsn).migrate(), ConfigurationError)):
        with pytest.raises(error, match=r"not made by asynctasq.*ASYNCTASQ_MYSQL_QUEUE_TABLE.*--force"):
            runner.run(call)
    with pytest.raises(ConfigurationError, match="cannot be adopted"):
        runner.run(MySQLSchema(dsn).migrate(force=True))
    assert execute("SHOW TABLES") == (("task_queue",),)


@pytest.mark.parametrize("version", [1, 2])
def test_tables_that_lost_their_mark_are_adopted_by_force_with_all_their_rows(runner, dsn, execute, version):
    for kind in ("queue", "dead"):
        for step in range(1, version + 1):
            execute(ddl(f"{kind}_{step}"))
    execute("ALTER TABLE task_queue COMMENT = ''")
    execute(f"INSERT INTO task_queue (id, queue, due, error, header, body) VALUES ('old', 'one', NOW(6), {ROW})")

    runner.run(MySQLSchema(dsn).migrate(force=True))

    assert execute("SELECT id FROM task_queue") == (("old",),)
    runner.run(opened(dsn))
