import ssl

import pytest

from asynctasq.adapters.mysql.address import arguments, parse
from asynctasq.adapters.mysql.queue import MySQLQueue
from asynctasq.domain.errors import ConfigurationError


def test_user_password_and_database_may_be_percent_encoded():
    address = parse("mysql://us%40er:p%3A%2F%3F%23%25@db.example:3307/my%2Dqueue")

    given = arguments(address)

    assert (given["user"], given["password"], given["db"]) == ("us@er", "p:/?#%", "my-queue")
    assert (given["host"], given["port"], given["ssl"]) == ("db.example", 3307, None)


def test_an_ipv6_host_is_taken_out_of_its_brackets():
    assert parse("mariadb://[::1]/queue").host == "::1"


def test_a_unix_socket_is_an_option():
    address = parse("mysql:///queue?unix_socket=/run/mysqld/mysqld.sock")

    assert arguments(address)["unix_socket"] == "/run/mysqld/mysqld.sock"
    assert str(address) == "/run/mysqld/mysqld.sock/queue"


@pytest.mark.parametrize(
    ("options", "verify_mode", "check_hostname"),
    [
        ("ssl=true", ssl.CERT_NONE, False),
        ("ssl-mode=required", ssl.CERT_NONE, False),
        ("ssl_mode=VERIFY_CA", ssl.CERT_REQUIRED, False),
        ("ssl-mode=VERIFY_IDENTITY", ssl.CERT_REQUIRED, True),
    ],
)
def test_tls_is_as_strict_as_asked_for(options, verify_mode, check_hostname):
    context = parse(f"mysql://host/queue?{options}").tls_context()

    assert (context.verify_mode, context.check_hostname) == (verify_mode, check_hostname)


@pytest.mark.parametrize("options", ["", "?ssl=false", "?ssl-mode=DISABLED", "?charset=utf8mb4"])
def test_without_tls_there_is_no_context(options):
    assert parse(f"mysql://host/queue{options}").tls_context() is None


def test_a_certificate_that_is_not_there_is_named_as_the_problem(tmp_path):
    with pytest.raises(ConfigurationError, match="ssl options"):
        parse(f"mysql://host/queue?ssl_ca={tmp_path}/absent.pem").tls_context()


@pytest.mark.parametrize(
    ("dsn", "remedy"),
    [
        (None, "mysql.dsn or ASYNCTASQ_MYSQL_DSN"),
        ("", "mysql.dsn or ASYNCTASQ_MYSQL_DSN"),
        ("postgresql://host/queue", "mysql://"),
        ("mysql://user:secret@host", "names no database"),
        ("mysql://user:secret@host:port/queue", "as a URL"),
        ("mysql://user:secret@host/queue?ssl_cert", "as a URL"),
        ("mysql://user:secret@host/queue?colour=red", "unknown option 'colour'"),
        ("mysql://user:secret@host/queue?ssl_mode=PREFERRED", "VERIFY_IDENTITY"),
        ("mysql://user:secret@host/queue?charset=latin1", "utf8mb4"),
        ("mysql://user:secret@host/queue?ssl_key=/key.pem", "ssl_cert"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_remedy_and_without_the_password(dsn, remedy):
    with pytest.raises(ConfigurationError) as refused:
        parse(dsn)

    assert remedy in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_queue_shows_neither_user_nor_password():
    queue = MySQLQueue("mysql://somebody:secret@db.example/tasks")

    assert str(queue) == "mysql db.example:3306/tasks table task_queue"
    assert "secret" not in repr(queue)
    assert "secret" not in repr(parse("mysql://somebody:secret@db.example/tasks"))


def test_a_queue_without_an_address_is_refused_when_it_is_opened(runner):
    queue = MySQLQueue(None)

    with pytest.raises(ConfigurationError, match=r"mysql\.dsn"):
        runner.run(queue.open())
