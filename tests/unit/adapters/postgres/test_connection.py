"""Connections are cut, frozen, pooled, forked and refused; calls end in time, and the next one connects again."""

import asyncio
import logging
import os
import time

import asyncpg
import pytest

from asynctasq.adapters.postgres import connection as connection_module
from asynctasq.adapters.postgres.faults import fault
from asynctasq.adapters.postgres.queue import PostgresQueue
from asynctasq.domain.errors import Closed, ConfigurationError, Unavailable
from asynctasq.domain.message import Message
from asynctasq.domain.verdict import Ack
from tests.unit.adapters.postgres.proxy import Proxy
from tests.unit.adapters.postgres.until import until

pytestmark = pytest.mark.broker("postgres")


def message(id="a"):
    return Message(id, "default", task="t", body=b"body")


async def lease(queue, wait=0.0, limit=10):
    return await queue.lease(["default"], limit=limit, lease_seconds=30, owner="test", wait=wait)


@pytest.fixture
def through(tables):
    """A queue behind a proxy."""
    made = []

    def make(**traits):
        proxy = Proxy(**traits)
        tables.run(proxy.start())
        queue = PostgresQueue(proxy.dsn(tables.schema))
        made.append((proxy, queue))
        tables.run(queue.open())
        return proxy, queue

    yield make
    for proxy, queue in made:
        proxy.moving.set()
        tables.run(queue.close())
        tables.run(proxy.cut())


def test_without_a_dsn_the_setting_is_named(runner):
    with pytest.raises(ConfigurationError, match=r"postgres\.dsn is not set: ASYNCTASQ_POSTGRES_DSN="):
        runner.run(PostgresQueue().open())


@pytest.mark.parametrize("dsn", ["mysql://host/db", "postgresql+asyncpg://host/db", "postgresql://host:port/db"])
def test_a_dsn_that_is_none_is_an_error_of_the_setting(runner, dsn):
    with pytest.raises(ConfigurationError, match=r"postgres\.dsn cannot be used"):
        runner.run(PostgresQueue(dsn).open())


def test_a_database_that_is_not_there_is_for_a_person_to_mend(tables, runner):
    with pytest.raises(ConfigurationError, match=r"correct postgres\.dsn"):
        runner.run(PostgresQueue(tables.dsn.replace("/test", "/nothing_of_this_name")).open())


def test_a_server_that_is_not_there_is_unavailable_and_may_be_tried_again(tables):
    proxy = Proxy()
    tables.run(proxy.start())
    queue = PostgresQueue(proxy.dsn(tables.schema))
    tables.run(proxy.cut())

    with pytest.raises(Unavailable, match="gives no answer"):
        tables.run(queue.open())
    tables.run(proxy.start())
    tables.run(queue.open())

    assert tables.run(queue.enqueue([message()])) == []
    tables.run(queue.close())
    tables.run(proxy.cut())


def test_after_a_cut_every_call_fails_at_once_and_the_next_one_connects_again(through, tables):
    proxy, queue = through()
    tables.run(queue.enqueue([message()]))
    [held] = tables.run(lease(queue))

    tables.run(proxy.cut())
    for call in (queue.enqueue([message("b")]), queue.settle([Ack(held)]), lease(queue), queue.admin.stats()):
        with pytest.raises(Unavailable):
            tables.run(call)
    tables.run(proxy.start())

    assert tables.run(queue.settle([Ack(held)])) == []
    assert tables.run(queue.enqueue([message("b")])) == []


def test_a_waiting_lease_survives_the_loss_of_its_listener(through, tables, queue):
    _, waiting = through(options=f"&application_name={tables.schema}")

    async def scenario():
        call = asyncio.ensure_future(lease(waiting, wait=20))
        await until(lambda: waiting._hints.patience_seconds is None)
        await tables.connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = $1 AND (query LIKE 'LISTEN%' OR query = 'SELECT 1')",
            tables.schema,
        )
        await until(lambda: waiting._hints.patience_seconds is not None)
        await queue.enqueue([message()])
        found = await call
        await until(lambda: waiting._hints.patience_seconds is None)
        return found

    assert len(tables.run(scenario())) == 1


def test_a_server_that_only_reads_from_now_on_is_left_by_every_connection(through, tables):
    _, queue = through()
    database, hints = queue._database, queue._hints

    async def scenario():
        await asyncio.gather(*(queue.ping() for _ in range(3)))
        call = asyncio.ensure_future(lease(queue, wait=20))
        await until(lambda: hints.patience_seconds is None and not database._busy)
        before = {*(connection for connection, _ in database._idle), *database._apart}
        for connection, _ in database._idle:
            # As a primary that is demoted without an end; `enqueue` gets its answer, the listener would get none.
            await connection.execute("SET default_transaction_read_only = on")
        with pytest.raises(Unavailable, match="read-only"):
            await queue.enqueue([message()])
        await until(lambda: database._apart and not before & database._apart and hints.patience_seconds is None)
        await queue.enqueue([message()])
        found = await call
        return found, [connection.is_closed() for connection in before]

    found, ended = tables.run(scenario())

    assert len(found) == 1
    assert len(ended) > 2
    assert all(ended)


def test_no_call_hangs_on_a_server_that_stands_still(through, tables, monkeypatch):
    monkeypatch.setattr(connection_module, "STATEMENT_SECONDS", 0.3)
    monkeypatch.setattr(connection_module, "CONNECT_SECONDS", 0.3)
    proxy, _ = through()
    queue = PostgresQueue(proxy.dsn(tables.schema), max_pool_size=2)
    queue._database._statement_seconds = 0.3
    tables.run(queue.open())
    proxy.moving.clear()

    async def all_together():
        calls = [queue.enqueue([message(str(number))]) for number in range(6)]
        return await asyncio.gather(*calls, return_exceptions=True)

    begun = time.monotonic()
    answers = tables.run(all_together())
    passed = time.monotonic() - begun
    proxy.moving.set()

    assert {type(answer) for answer in answers} == {Unavailable}
    assert passed < 3
    assert tables.run(lease(queue)) is not None
    tables.run(queue.close())


@pytest.mark.parametrize("traits", [{"strict": True}, {"masked": True}, {}], ids=["strict", "masked", "silent"])
def test_behind_a_pooler_everything_works_and_one_line_says_so(through, tables, caplog, traits):
    with caplog.at_level(logging.WARNING, "asynctasq.postgres"):
        _, queue = through(pools=True, deaf=True, **traits)

        async def scenario():
            call = asyncio.ensure_future(lease(queue, wait=20))
            await until(lambda: caplog.records)
            await queue.enqueue([message(str(number)) for number in range(20)])
            leases = [*await call]
            leases += await lease(queue, limit=20)
            refusals = await queue.settle([Ack(each) for each in leases])
            return len(leases), refusals, await queue.admin.stats()

        assert tables.run(scenario()) == (20, [], [])
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "every 250 ms" in caplog.text


@pytest.mark.parametrize("traits", [{"strict": True}, {"masked": True}], ids=["strict", "masked"])
def test_a_pooler_that_passes_notifications_on_is_listened_to(through, tables, caplog, traits):
    _, queue = through(**traits)

    async def scenario():
        call = asyncio.ensure_future(lease(queue, wait=20))
        await until(lambda: queue._hints.patience_seconds is None)
        await queue.enqueue([message()])
        return len(await call)

    assert tables.run(scenario()) == 1
    assert queue._database.pooled
    assert caplog.records == []


def test_nothing_is_prepared_where_another_process_answers_than_greeted(through):
    _, queue = through(masked=True)

    [(connection, _)] = queue._database._idle
    assert connection._config.statement_cache_size == 0


def test_what_the_dsn_sets_and_a_pooler_refuses_is_for_a_person_to_mend(through):
    with pytest.raises(ConfigurationError, match=r"startup parameter.*correct postgres\.dsn"):
        through(strict=True, options="&work_mem=4MB")


def test_a_statement_that_is_prepared_already_is_no_fault_of_the_message():
    error = asyncpg.DuplicatePreparedStatementError('prepared statement "one" already exists')

    assert isinstance(fault(error, "postgres"), Unavailable)


def test_who_cannot_listen_rests_before_the_next_try(through, tables, monkeypatch):
    proxy, queue = through()
    run = queue._database.run

    async def run_but_notify(statement, *arguments, **options):
        if "pg_notify" in statement:
            raise Unavailable("not now")
        return await run(statement, *arguments, **options)

    monkeypatch.setattr(queue._database, "run", run_but_notify)
    tables.run(lease(queue, wait=0.5))

    assert proxy.accepted == 2


def test_a_large_batch_goes_in_and_comes_out_in_order(queue, tables):
    messages = [message(f"{number:05}") for number in range(3000)]

    assert tables.run(queue.enqueue(messages)) == []
    leases = [tables.run(lease(queue, limit=5000)) for _ in range(4)]

    assert [len(batch) for batch in leases] == [1000, 1000, 1000, 0]
    assert [each.message.id for batch in leases for each in batch] == [each.id for each in messages]


def test_bodies_that_do_not_fit_one_statement_go_in_several(queue, tables):
    large = [Message(str(number), "default", task="t", body=bytes(15 * 1024 * 1024)) for number in range(5)]

    assert tables.run(queue.enqueue(large)) == []
    assert [len(each.message.body) for each in tables.run(lease(queue, limit=1))] == [15 * 1024 * 1024]


@pytest.mark.parametrize("id", ["\0", "\ud800", "x" * 1001])
def test_an_id_that_no_table_can_hold_is_refused_alone(queue, tables, id):
    [refusal] = tables.run(queue.enqueue([message(id), message("fine")]))

    assert refusal.id == id
    assert tables.run(queue.admin.fetch([id, "fine"]))[0].message.id == "fine"


def test_idle_connections_beyond_the_least_are_let_go(tables, monkeypatch):
    monkeypatch.setattr(connection_module, "IDLE_SECONDS", 0.0)
    queue = PostgresQueue(tables.dsn, min_pool_size=1, max_pool_size=4)

    async def scenario():
        await queue.open()
        await asyncio.gather(*(queue.ping() for _ in range(8)))
        for _ in range(4):
            await queue.ping()
        return len(queue._database._idle)

    assert tables.run(scenario()) == 1
    tables.run(queue.close())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_connects_for_itself_and_leaves_its_parents_connection_alone(queue, tables):
    tables.run(queue.enqueue([message("parent")]))
    read, write = os.pipe()
    if not (pid := os.fork()):
        asyncio.set_event_loop(None)

        async def in_child():
            await queue.open()
            await queue.enqueue([message("child")])
            await queue.close()

        asyncio.run(in_child())
        os.write(write, b"done")
        os._exit(0)
    os.waitpid(pid, 0)

    assert os.read(read, 4) == b"done"
    assert {each.message.id for each in tables.run(lease(queue))} == {"parent", "child"}


def test_a_statement_that_a_closed_queue_interrupts_says_closed(tables):
    queue = PostgresQueue(tables.dsn)
    lock = f"hashtext('{tables.schema}')"
    tables.execute(f"SELECT pg_advisory_lock({lock})")

    async def scenario():
        await queue.open()
        slow = asyncio.ensure_future(queue._database.run(f"SELECT pg_advisory_lock({lock})"))
        await until(lambda: queue._database._busy)
        await queue.close()
        with pytest.raises(Closed):
            await slow

    tables.run(scenario())
    # The server notices that nobody waits any more when it has the lock; till then its snapshot is everybody's burden.
    tables.execute(f"SELECT pg_advisory_unlock({lock})")
