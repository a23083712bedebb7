"""The rights that the guide names are enough."""

import secrets
from urllib.parse import urlsplit, urlunsplit

import pytest

from asynctasq.adapters.mysql.queue import MySQLQueue
from asynctasq.adapters.mysql.schema import MySQLSchema
from asynctasq.adapters.mysql.watching import LONGEST_SECONDS
from asynctasq.domain.errors import ConfigurationError, Unavailable
from asynctasq.domain.lifecycle import State
from asynctasq.domain.message import IdempotencyKey, Message
from asynctasq.domain.outcome import ErrorInfo
from asynctasq.domain.verdict import Ack, Bury

pytestmark = pytest.mark.broker("mysql")

TABLES = ("task_queue", "dead_letter_queue", "task_queue_sent")


@pytest.fixture
def account(dsn, execute):
    """Makes an account that has these rights on these parts of the database, and gives its DSN."""
    names = []

    def make(rights, *parts):
        name = f"user_{secrets.token_hex(8)}"
        names.append(name)
        execute(f"CREATE USER {name} IDENTIFIED BY 'secret'")
        for part in parts:
            execute(f"GRANT {rights} ON {urlsplit(dsn).path[1:]}.{part} TO {name}")
        address = urlsplit(dsn)
        return urlunsplit(address._replace(netloc=f"{name}:secret@{address.hostname}:{address.port}"))

    yield make
    for name in names:
        execute(f"DROP USER {name}")


def test_to_migrate_and_to_work(runner, account):
    runner.run(MySQLSchema(account("CREATE, ALTER, INDEX", "*")).migrate())
    queue = MySQLQueue(account("SELECT, INSERT, UPDATE, DELETE", *TABLES))

    async def scenario():
        await queue.open()
        messages = [Message(id, "one", task="t", body=b"") for id in ("done", "dead")]
        await queue.enqueue(messages, key=IdempotencyKey("ann", 1))
        leases = await queue.lease(["one"], limit=2, lease_seconds=30, owner="test")
        await queue.settle([Ack(leases[0]), Bury(leases[1], error=ErrorInfo("E", "m", "t"))])
        await queue.lease(["one"], limit=2, lease_seconds=30, owner="test", wait=LONGEST_SECONDS)
        [stats] = await queue.admin.stats()
        await queue.admin.requeue(["dead"])
        await queue.admin.cancel(["dead"])
        purged = await queue.admin.purge("one", states={State.CANCELLED})
        await queue.close()
        return stats.dead, purged

    assert runner.run(scenario()) == (1, 1)


@pytest.mark.usefixtures("queue")
def test_a_password_that_changes_while_the_queue_is_at_work_is_an_outage(runner, account, execute):
    worker = MySQLQueue(account("SELECT, INSERT, UPDATE, DELETE", *TABLES))
    runner.run(worker.open())
    name = urlsplit(worker._pool._dsn).username

    def change_to(password):
        execute(f"ALTER USER {name} IDENTIFIED BY '{password}'")
        for (id,) in execute(f"SELECT id FROM information_schema.processlist WHERE user = '{name}'"):
            execute(f"KILL {id}")

    change_to("other")
    with pytest.raises(Unavailable, match="Access denied"):
        runner.run(worker.lease(["one"], limit=1, lease_seconds=30, owner="test"))
    change_to("secret")

    assert not runner.run(worker.lease(["one"], limit=1, lease_seconds=30, owner="test"))
    runner.run(worker.close())


@pytest.mark.usefixtures("queue")
def test_without_them_they_are_named(runner, account):
    reader = MySQLQueue(account("SELECT", *TABLES))

    with pytest.raises(ConfigurationError, match="SELECT, INSERT, UPDATE and DELETE"):
        runner.run(reader.open())

    runner.run(reader.close())
