import asyncio
import gc
import os
from collections.abc import Sequence

import pytest

from asynctasq.adapters.mysql.address import parse
from asynctasq.adapters.mysql.connection import Connection
from asynctasq.adapters.mysql.queue import MySQLQueue
from asynctasq.domain.errors import ConfigurationError, SchemaMismatch, Unavailable
from asynctasq.domain.lease import Lease
from asynctasq.domain.lifecycle import State
from asynctasq.domain.message import Message
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Ack, Bury, Enqueue, Reason, Release, Retry
from tests.unit.adapters.mysql.locks import until_one_waits

pytestmark = pytest.mark.broker("mysql")

AWKWARD = (b"\0", b"'", b"\\'", b"\\", b'"', b"%s %d {queue} :rows", bytes(range(256)) * 40, b"\xbf'", "ü😀".encode())


def message(id: str, **fields) -> Message:
    return Message(id, fields.pop("queue", "one"), task="tasks:work", body=fields.pop("body", b"body"), **fields)


async def lease(queue: MySQLQueue, *queues: str, limit: int = 100) -> Sequence[Lease]:
    return await queue.lease(queues or ("one",), limit=limit, lease_seconds=30, owner="test")


async def others(dsn: str) -> Connection:
    return await Connection.open(parse(dsn))


def test_bytes_of_any_kind_come_back_as_they_went(queue, runner):
    async def sent_and_leased():
        bodies = {f"message-{at}": body for at, body in enumerate(AWKWARD)}
        await queue.enqueue([message(id, body=body) for id, body in bodies.items()])
        return bodies, {held.message.id: held.message.body for held in await lease(queue)}

    sent, leased = runner.run(sent_and_leased())

    assert leased == sent


def test_texts_that_look_like_sql_are_only_texts(queue, runner):
    id = "a'); DROP TABLE task_queue; -- \\"

    async def stored():
        await queue.enqueue([message(id)])
        [held] = await lease(queue)
        await queue.settle([Bury(held, error=ErrorInfo("E", "it's \\ 100% :error {queue}", "\n\\n'"))])
        [view] = await queue.admin.fetch([id, "' OR ''='"])
        return view

    view = runner.run(stored())

    assert (view.message.id, view.error.message, view.error.traceback) == (
        id,
        "it's \\ 100% :error {queue}",
        "\n\\n'",
    )


@pytest.mark.parametrize("id", ["", "x" * 256, "half a pair \ud800", "blank "])
def test_an_id_that_the_server_would_change_is_refused(queue, runner, id):
    [refusal] = runner.run(queue.enqueue([message(id)]))

    assert (refusal.id, refusal.reason) == (id, Reason.INVALID)


def test_ids_that_differ_only_by_case_or_accent_are_different(queue, runner):
    async def refusals():
        return await queue.enqueue([message(id) for id in ("a", "A", "ä", "e\u0301", "é")])

    assert runner.run(refusals()) == []


def test_a_batch_larger_than_a_packet_goes_in_several(queue, runner):
    async def scenario():
        narrow(queue, 100_000)
        messages = [message(f"message-{at}", body=b"x" * 30_000) for at in range(10)]
        assert await queue.enqueue(messages) == []
        held = await lease(queue)
        error = ErrorInfo("E", "m" * 16_000, "t" * 16_000)
        assert await queue.settle([Retry(each, delay_seconds=0, error=error) for each in held]) == []
        return await lease(queue)

    assert len(runner.run(scenario())) == 10


def test_what_no_packet_of_the_server_can_hold_is_too_large_and_hurts_no_other(queue, runner):
    async def scenario():
        narrow(queue, 100_000)
        refusals = await queue.enqueue([message("large", body=b"x" * 100_000), message("small")])
        return [(refusal.id, refusal.reason) for refusal in refusals], await lease(queue)

    refusals, [held] = runner.run(scenario())

    assert refusals == [("large", Reason.TOO_LARGE)]
    assert held.message.id == "small"


def narrow(queue: MySQLQueue, max_packet: int) -> None:
    """As if the server took no larger packets; only a restart could tell it so."""
    for connection in queue._pool._all:
        connection.max_packet = max_packet


def test_an_effect_that_cannot_be_stored_is_refused_with_its_verdict(queue, runner):
    async def scenario():
        await queue.enqueue([message("first"), message("second")])
        first, second = await lease(queue)
        effect = Enqueue(message("half a pair \ud800"))
        return await queue.settle([Ack(first, effects=(effect,)), Ack(second)]), await queue.settle([Ack(first)])

    refusals, afterwards = runner.run(scenario())

    assert [(refusal.id, refusal.reason) for refusal in refusals] == [("first", Reason.INVALID)]
    assert afterwards == []


def test_an_effect_that_has_died_since_is_not_enqueued_again(queue, runner):
    async def scenario():
        await queue.enqueue([message("effect")])
        await queue.settle([Bury(held, error=ErrorInfo("E")) for held in await lease(queue)])
        await queue.enqueue([message("cause")])
        [cause] = await lease(queue)
        refusals = await queue.settle([Ack(cause, effects=(Enqueue(message("effect")),))])
        return refusals, await lease(queue), await queue.admin.find(state=State.DEAD)

    refusals, leased, page = runner.run(scenario())

    assert (list(refusals), list(leased)) == ([], [])
    assert [view.message.id for view in page.messages] == ["effect"]


def test_an_id_among_the_dead_is_a_duplicate_and_hurts_no_other(queue, runner):
    async def scenario():
        await queue.enqueue([message("dead")])
        await queue.settle([Bury(held, error=ErrorInfo("E")) for held in await lease(queue)])
        refusals = await queue.enqueue([message("new"), message("dead"), message("new")])
        return [(refusal.id, refusal.reason) for refusal in refusals], await lease(queue)

    refusals, [held] = runner.run(scenario())

    assert sorted(refusals) == [("dead", Reason.DUPLICATE), ("new", Reason.DUPLICATE)]
    assert held.message.id == "new"


def test_many_enqueueing_the_same_ids_at_once_put_each_there_once(queue, runner):
    async def scenario():
        messages = [message(f"message-{at}") for at in range(50)]
        batches = await asyncio.gather(*(queue.enqueue(messages) for _ in range(6)))
        return sum(map(len, batches)), await lease(queue)

    refusal_count, leased = runner.run(scenario())

    assert (refusal_count, len(leased)) == (5 * 50, 50)


def test_a_stale_token_never_fits_a_later_message(queue, runner):
    async def scenario():
        await queue.enqueue([message("same")])
        [held] = await lease(queue)
        await queue.settle([Bury(held, error=ErrorInfo("E"))])
        await queue.admin.requeue(["same"])
        tokens = {held.token, (await lease(queue))[0].token}
        await queue.settle([Release(Lease(held.message, token, attempt=1)) for token in tokens])
        return tokens | {(await lease(queue))[0].token}

    assert len(runner.run(scenario())) == 3


def test_a_token_that_is_none_of_ours_is_lost(queue, runner):
    held = [Lease(message("a"), token, attempt=1) for token in ("", "x", "1", "1.2.3", "-1.0", "9" * 30 + ".1")]

    refusals = runner.run(queue.settle([Ack(each) for each in held]))

    assert {(refusal.token, refusal.reason) for refusal in refusals} == {(each.token, Reason.LOST) for each in held}


def test_lines_of_every_priority_are_found_and_taken_in_order(queue, runner):
    async def scenario():
        priorities = [0, 100, -100, 7, 10**9, -(10**9), 1, -1]
        await queue.enqueue([message(f"{priority}", priority=priority) for priority in priorities])
        first = await lease(queue, limit=3)
        await queue.enqueue([message("late", priority=5)])
        return [held.message.id for held in [*first, *await lease(queue)]]

    assert runner.run(scenario()) == ["1000000000", "100", "7", "late", "1", "0", "-1", "-100", "-1000000000"]


def test_a_queue_that_gave_plenty_does_not_hide_one_that_comes_before_it(queue, runner):
    async def scenario():
        await queue.enqueue([message(f"b-{at}", queue="b") for at in range(9)])
        first = await lease(queue, "a", "b", limit=3)
        await queue.enqueue([message("a", queue="a")])
        return [held.message.id for held in [*first, *await lease(queue, "a", "b", limit=3)]]

    assert runner.run(scenario()) == ["b-0", "b-1", "b-2", "a", "b-3", "b-4"]


def test_what_another_transaction_holds_is_passed_over_and_nobody_waits(queue, runner, dsn):
    async def scenario():
        await queue.enqueue([message(f"message-{at}") for at in range(4)])
        other = await others(dsn)
        await other.run(b"START TRANSACTION; SELECT seq FROM task_queue ORDER BY seq LIMIT 2 FOR UPDATE")
        async with asyncio.timeout(1):
            await queue.enqueue([message("new")])
            leased = await lease(queue)
        await other.leave()
        return [held.message.id for held in leased]

    assert runner.run(scenario()) == ["message-2", "message-3", "new"]


def test_a_claim_under_way_locks_no_gap_that_a_new_message_falls_into(queue, runner, dsn):
    async def scenario():
        await queue.enqueue([message("first")])
        other = await others(dsn)
        take = queue._sql("take", queue="one", tier=0, limit=10)
        await other.run(b"START TRANSACTION", take)
        async with asyncio.timeout(1):
            await queue.enqueue([message(f"message-{at}") for at in range(10)])
            leased = await lease(queue)
        await other.leave()
        return len(leased)

    assert runner.run(scenario()) == 10


def test_a_lock_that_passes_is_waited_for(queue, runner, dsn):
    async def scenario():
        await queue.enqueue([message("first")])
        held = await lease(queue)
        other = await others(dsn)
        await other.run(b"START TRANSACTION; SELECT seq FROM task_queue FOR UPDATE")
        settling = asyncio.create_task(queue.settle([Ack(each) for each in held]))
        await until_one_waits(other)
        await other.run(b"COMMIT")
        await other.leave()
        return await settling

    assert runner.run(scenario()) == []


def test_a_deadlock_is_repeated(queue, runner, dsn):
    async def scenario():
        await queue.enqueue([message("first"), message("second")])
        first, second = await lease(queue)
        other = await others(dsn)
        await other.run(b"START TRANSACTION; SELECT seq FROM task_queue WHERE id = 'second' FOR UPDATE")
        settling = asyncio.create_task(queue.settle([Ack(first), Ack(second)]))
        await until_one_waits(other)
        # This closes the circle. More rows weigh more, so that the settlement is the victim.
        await other.run(b"UPDATE dead_letter_queue SET state = state; SELECT seq FROM task_queue FOR UPDATE; COMMIT")
        await other.leave()
        return await settling, await lease(queue)

    refusals, leased = runner.run(scenario())

    assert (list(refusals), list(leased)) == ([], [])


def test_a_connection_that_was_cut_is_replaced_at_the_next_call(queue, runner, dsn):
    async def scenario():
        await queue.enqueue([message("first")])
        other = await others(dsn)
        await other.run(*(b"KILL %d" % id for id in await connections(other)))
        await other.leave()
        try:
            return await lease(queue)
        except Unavailable:
            return await lease(queue)

    assert [held.message.id for held in runner.run(scenario())] == ["first"]


def test_a_connection_that_the_server_closed_while_idle_is_not_used(queue, runner, dsn):
    async def scenario():
        other = await others(dsn)
        await other.run(*(b"KILL %d" % id for id in await connections(other)))
        await all_lost(queue)
        await other.leave()
        return await queue.enqueue([message("first")])

    assert runner.run(scenario()) == []


def test_a_connection_that_was_idle_for_too_long_is_not_used(queue, runner):
    async def scenario():
        await queue._pool.read(lambda connection: connection.run(b"SET SESSION wait_timeout = 1"))
        await all_lost(queue)
        return await queue.enqueue([message("first")])

    assert runner.run(scenario()) == []


async def all_lost(queue: MySQLQueue) -> None:
    async with asyncio.timeout(5):
        while any(connection.is_usable for connection in queue._pool._all):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def connections(other: Connection) -> Sequence[int]:
    statement = b"SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
    return [id for (id,) in (await other.run(statement))[0].rows]


def test_a_server_that_is_not_there_is_unavailable_at_once(runner):
    queue = MySQLQueue("mysql://root@127.0.0.1:1/test")

    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1"):
        runner.run(asyncio.wait_for(queue.open(), 2))


def test_a_server_that_says_nothing_is_unavailable_in_time(runner, monkeypatch):
    async def scenario():
        callers = []
        server = await asyncio.start_server(lambda *streams: callers.append(streams), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            await MySQLQueue(f"mysql://root@127.0.0.1:{port}/test").open()
        finally:
            server.close()
            for _, writer in callers:
                writer.close()

    monkeypatch.setattr("asynctasq.adapters.mysql.connection.CONNECT_SECONDS", 0.1)

    with pytest.raises(Unavailable, match="in time"):
        runner.run(scenario())


def test_a_connection_on_which_a_wait_was_cut_is_not_used_again(queue, runner):
    async def scenario():
        connection = next(iter(queue._pool._all))
        with pytest.raises(Unavailable, match="in time"):
            await connection.run(b"SELECT SLEEP(5)", seconds=0.05)
        return connection.is_usable, await queue.enqueue([message("first")])

    assert runner.run(scenario()) == (False, [])


@pytest.mark.parametrize(
    ("change", "says"),
    [("//nobody:wrong@", "ASYNCTASQ_MYSQL_DSN"), ("/absent_database", "ASYNCTASQ_MYSQL_DSN")],
)
def test_what_only_a_person_can_mend_is_no_outage(runner, dsn, change, says):
    head, _, database = dsn.rpartition("/")
    wrong = f"mysql:{change}{head.rpartition('@')[2]}/{database}" if "@" in change else f"{head}{change}"

    with pytest.raises(ConfigurationError, match=says) as refused:
        runner.run(MySQLQueue(wrong).open())

    assert "wrong" not in str(refused.value).replace("wrong password", "")


def test_tables_that_vanish_stop_a_lease_with_the_remedy_and_keep_outcomes(queue, runner, execute):
    async def leased():
        await queue.enqueue([message("first")])
        return await lease(queue)

    held = runner.run(leased())
    execute("DROP TABLE task_queue")

    with pytest.raises(SchemaMismatch, match="asynctasq migrate --driver mysql"):
        runner.run(lease(queue))
    with pytest.raises(Unavailable, match="asynctasq migrate --driver mysql"):
        runner.run(queue.settle([Ack(each) for each in held]))


def test_a_forked_child_leaves_the_connections_of_its_parent_alone(queue, runner):
    runner.run(queue.enqueue([message("first")]))
    child = os.fork()
    if child == 0:
        ended = queue._pool._all or queue._pool._idle
        gc.collect()
        os._exit(1 if ended else 0)
    _, status = os.waitpid(child, 0)

    leased = runner.run(lease(queue))

    assert os.waitstatus_to_exitcode(status) == 0
    assert [held.message.id for held in leased] == ["first"]


def test_no_more_connections_are_open_than_allowed(dsn, queue, runner):
    async def scenario():
        narrow_queue = MySQLQueue(dsn, min_pool_size=0, max_pool_size=2)
        await narrow_queue.open()
        await asyncio.gather(*(narrow_queue.enqueue([message(f"message-{at}")]) for at in range(20)))
        count = len(narrow_queue._pool._all)
        await narrow_queue.close()
        return count

    assert runner.run(scenario()) <= 2


def test_durability_tells_of_a_server_that_commits_without_the_disk(queue, runner, monkeypatch):
    as_it_is = runner.run(queue.durability())
    monkeypatch.setattr(queue, "_sql", lambda _: b"SELECT 2")

    [risk] = runner.run(queue.durability())

    assert list(as_it_is) == []
    assert "innodb_flush_log_at_trx_commit" in risk
