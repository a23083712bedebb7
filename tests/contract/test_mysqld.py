"""The MySQL queue keeps every promise on a MySQL that is not MariaDB, too, and however that one is set up."""

import asyncio
import secrets
from collections.abc import Iterator

import pytest
from pymysql import _auth

from asynctasq.adapters.mysql.queue import MySQLQueue
from asynctasq.adapters.mysql.schema import MySQLSchema
from asynctasq.adapters.mysql.watching import LONGEST_SECONDS
from asynctasq.domain.errors import ConfigurationError
from asynctasq.testing.contracts import QueueAdminContract, QueueContract, QueueMachineContract
from tests.acceptance.brokers.mysqld import TrueMySQLServer
from tests.contract.benches.mysql import MySQLBench, execute

UNLIKE_OURS = ("--max-execution-time=50", "--transaction-isolation=SERIALIZABLE", "--sql-mode=ANSI", "--autocommit=OFF")


class TrueMySQLBench(MySQLBench):
    dsn = ""


@pytest.fixture(scope="module", autouse=True)
def place() -> Iterator[str]:
    """Of the server: what follows an account in a DSN."""
    with TrueMySQLServer(*UNLIKE_OURS) as server:
        place = f"127.0.0.1:{server.port}/contract"
        TrueMySQLBench.dsn = f"mysql://root@{place}"
        asyncio.run(execute("CREATE DATABASE contract", TrueMySQLBench.dsn.replace("/contract", "/mysql")))
        asyncio.run(MySQLSchema(TrueMySQLBench.dsn).migrate())
        yield place


class TestMySQLQueueOnMySQL(QueueContract):
    bench = TrueMySQLBench


class TestMySQLQueueMachineOnMySQL(QueueMachineContract):
    bench = TrueMySQLBench
    steps = 40
    counted_examples = 20
    thinned = 3


class TestMySQLAdminOnMySQL(QueueAdminContract):
    bench = TrueMySQLBench


def test_a_limit_on_the_time_of_statements_ends_no_watch():
    async def scenario():
        queue = MySQLQueue(TrueMySQLBench.dsn)
        await queue.open()
        leases = await queue.lease(["idle"], limit=1, lease_seconds=30, owner="test", wait=LONGEST_SECONDS)
        await queue.close()
        return list(leases)

    assert asyncio.run(scenario()) == []


@pytest.fixture
def account(place: str) -> str:
    """The DSN of one whose password the server has never heard."""
    name = f"user_{secrets.token_hex(8)}"
    asyncio.run(execute(f"CREATE USER {name} IDENTIFIED BY 'secret'", TrueMySQLBench.dsn))
    asyncio.run(execute(f"GRANT ALL ON contract.* TO {name}", TrueMySQLBench.dsn))
    return f"mysql://{name}:secret@{place}"


@pytest.mark.parametrize(("options", "can_encrypt"), [("", True), ("?ssl=true", False)], ids=["by itself", "by TLS"])
def test_a_password_goes_encrypted(account, monkeypatch, options, can_encrypt):
    monkeypatch.setattr(_auth, "_have_cryptography", can_encrypt)

    asyncio.run(execute("DO 1", account + options))


def test_what_a_password_could_be_encrypted_with_is_named(account, monkeypatch):
    monkeypatch.setattr(_auth, "_have_cryptography", False)

    with pytest.raises(ConfigurationError, match=r"\?ssl=true, or install 'cryptography'"):
        asyncio.run(execute("DO 1", account))


@pytest.mark.parametrize("mode", ["VERIFY_CA", "VERIFY_IDENTITY"])
def test_a_certificate_that_nobody_vouches_for_is_no_outage(account, mode):
    with pytest.raises(ConfigurationError, match="not trusted"):
        asyncio.run(execute("DO 1", f"{account}?ssl-mode={mode}"))


def test_a_server_that_insists_on_tls_says_how_to_get_it(account):
    asyncio.run(execute("SET GLOBAL require_secure_transport = ON", TrueMySQLBench.dsn))
    try:
        with pytest.raises(ConfigurationError, match=r"\?ssl=true"):
            asyncio.run(execute("DO 1", account))
    finally:
        asyncio.run(execute("SET GLOBAL require_secure_transport = OFF", f"{TrueMySQLBench.dsn}?ssl=true"))
