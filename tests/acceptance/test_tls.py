"""TLS and passwords, on real servers that let nobody in without them."""

import asyncio
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import pytest

from asynctasq.adapters.mysql.queue import MySQLQueue
from asynctasq.adapters.postgres.queue import PostgresQueue
from asynctasq.adapters.rabbitmq.queue import RabbitmqQueue
from asynctasq.adapters.redis.queue import RedisQueue
from asynctasq.cli.failures import WRONG_USAGE
from asynctasq.domain.errors import AsyncTasQError, ConfigurationError
from asynctasq.domain.message import Message
from asynctasq.domain.verdict import Ack
from tests.acceptance.brokers import servers
from tests.acceptance.brokers.guarded import GUARDED, HOST, NAMESPACE, OTHER_HOST, PASSWORD, USER, Guarded
from tests.acceptance.fleet import Fleet

pytestmark = pytest.mark.acceptance

OTHER_PASSWORD = "the-other-password"
DRIVERS = {"redis": RedisQueue, "postgres": PostgresQueue, "mysql": MySQLQueue, "rabbitmq": RabbitmqQueue}
SETTINGS = {"redis": "redis.url", "postgres": "postgres.dsn", "mysql": "mysql.dsn", "rabbitmq": "rabbitmq.url"}


@pytest.fixture(scope="module", params=GUARDED)
def server(request: pytest.FixtureRequest) -> Iterator[Guarded]:
    with GUARDED[request.param]() as server:
        server.furnish(NAMESPACE)
        yield server


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """The same for all, since a connection over TLS may take until after its test to close."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def fleet(server: Guarded, tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(tmp_path, server.settings(NAMESPACE, server.port)) as fleet:
        yield fleet


async def works(server: Guarded, url: str, **variables: str) -> None:
    queue = server.queue(url, **variables)
    await queue.open()
    assert not await queue.enqueue([Message("one", "default", task="tasks:work", body=b"body")])
    [lease] = await queue.lease(["default"], limit=1, lease_seconds=30, owner="test", wait=5)
    assert not await queue.settle([Ack(lease)])
    await queue.close()


async def refusal(server: Guarded, url: str) -> AsyncTasQError:
    queue = server.queue(url)
    with pytest.raises(AsyncTasQError) as refused:
        await queue.open()
    await queue.close()
    shown = "".join(traceback.format_exception(refused.value)) + repr(queue) + str(queue)
    assert not [secret for secret in secrets(PASSWORD, OTHER_PASSWORD) if secret in shown]
    return refused.value


def secrets(*passwords: str) -> Sequence[str]:
    return [form for password in passwords for form in (password, quote(password, safe=""))]


def test_a_program_and_a_worker_that_know_the_environment_only_do_their_work(fleet):
    fleet.dispatch("counting:Count", {"index": 0, "seconds": 0})
    worker = fleet.start("-m", "asynctasq", "worker", "--burst")

    assert worker.ended() == 0
    assert len(fleet.ledger.entries("finished")) == 1
    assert worker.lines("python", "uvloop")
    assert not worker.lines("asked until it answers")
    assert not [secret for secret in secrets(PASSWORD) if secret in worker.text]


def test_a_queue_works_over_tls_whether_or_not_it_asks_who_the_server_is(server, runner):
    runner.run(works(server, server.url()))
    runner.run(works(server, server.url("unverified", host=OTHER_HOST)))


@pytest.mark.parametrize("server", ["redis"], indirect=True)
def test_a_password_beside_the_url_is_of_the_user_that_redis_has_by_itself(server, runner):
    runner.run(works(server, server.url(user=""), ASYNCTASQ_REDIS_PASSWORD=servers.PASSWORD))


def test_a_certificate_of_an_unknown_authority_is_refused(server, runner):
    error = runner.run(refusal(server, server.url(ca=server.other_ca)))

    assert "self-signed certificate in certificate chain" in str(error)
    assert server.names["ca"] in str(error)
    assert SETTINGS[server.driver] in str(error)


@pytest.mark.parametrize("server", ["redis", "rabbitmq"], indirect=True)
def test_nobody_has_to_ask_for_verification(server, runner):
    url = server.url("unverified").partition("?")[0]

    assert "self-signed certificate in certificate chain" in str(runner.run(refusal(server, url)))


def test_a_certificate_of_another_host_is_refused(server, runner):
    error = runner.run(refusal(server, server.url(host=OTHER_HOST)))

    assert f"certificate is not valid for '{OTHER_HOST}'" in str(error)
    assert SETTINGS[server.driver] in str(error)


def test_who_speaks_no_tls_is_told_to(server, runner):
    error = str(runner.run(refusal(server, server.url("plain"))))

    assert [word for word in ("rediss://", "amqps://", "no encryption", "ssl options") if word in error]
    assert SETTINGS[server.driver] in error


def test_a_wrong_password_is_an_error_that_names_its_setting(server, runner):
    error = runner.run(refusal(server, server.url(password=OTHER_PASSWORD)))

    assert "password" in str(error)
    assert SETTINGS[server.driver] in str(error)


def test_doctor_and_worker_say_so_and_keep_the_password_to_themselves(server, fleet):
    environment = {server.variable: server.url(password=OTHER_PASSWORD)}
    doctor = fleet.start("-m", "asynctasq", "doctor", env=environment)
    worker = fleet.start("-m", "asynctasq", "worker", env=environment)

    assert doctor.ended() == 1
    assert doctor.lines("problem", "connection", SETTINGS[server.driver])
    assert worker.ended() == WRONG_USAGE
    assert worker.lines(SETTINGS[server.driver])
    assert not [secret for secret in secrets(PASSWORD, OTHER_PASSWORD) if secret in doctor.text + worker.text]


def test_a_server_that_wants_a_certificate_gets_it(server, runner):
    with server.demanding() as demanding:
        runner.run(works(demanding, demanding.url(user=demanding.certified, **demanding.own)))
        error = runner.run(refusal(demanding, demanding.url(user=demanding.certified)))

    assert SETTINGS[server.driver] in str(error)


@pytest.mark.parametrize("names", [("ca",), ("certificate", "key")])
def test_a_file_that_is_not_there_is_an_error_of_the_settings(server, names, runner):
    error = runner.run(refusal(server, server.url(**dict.fromkeys(names, "/nowhere"))))

    assert isinstance(error, ConfigurationError)
    assert "No such file" in str(error)


@pytest.mark.parametrize("driver", GUARDED)
@pytest.mark.parametrize("password", ["s3cr:et/rd%?", "s3cret/", "s3cret?a=b", "s3cret#"])
def test_what_is_not_percent_encoded_is_not_repeated(driver, password, runner):
    url = f"{GUARDED[driver].schemes[0]}://{USER}:{password}@{HOST}:1/database"

    with pytest.raises(ConfigurationError) as refused:
        runner.run(DRIVERS[driver](url).open())

    text = "".join(traceback.format_exception(refused.value, limit=-1))

    assert "percent-encoded" in text
    assert "s3cr" not in text


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
def test_mysql_is_not_talked_out_of_tls(server, runner):
    class Bare(servers.MySQLServer):
        def command(self):
            return [*super().command(), "--skip-ssl"]

    with Bare() as bare:
        error = runner.run(refusal(server, server.url("unverified", port=bare.port, user="root", password="")))

    assert "offers no TLS" in str(error)
