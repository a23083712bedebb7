"""What a queue does about servers that are away, come back, or hang, and about the ways to reach one."""

import asyncio
import os
import shutil
import subprocess
import time

import pytest
from redis import Redis

from asynctasq.adapters.redis import connection
from asynctasq.adapters.redis.queue import RedisQueue
from asynctasq.adapters.redis.resp import packed
from asynctasq.domain.errors import ConfigurationError, Unavailable
from asynctasq.domain.message import Message
from asynctasq.domain.verdict import Ack
from asynctasq.drivers.redis_driver import RedisDriver
from tests.servers import URLS
from tests.unit.adapters.redis.server import free_port, until

pytestmark = pytest.mark.broker("redis")

QUICKLY_SECONDS = 2.0


def message(id="one"):
    return Message(id, "default", task="tasks:work", body=b"body")


async def leased(queue, wait=0.0):
    return await queue.lease(["default"], limit=10, lease_seconds=30, owner="test", wait=wait)


def test_a_server_that_comes_back_is_used_again(start, runner):
    server = start()
    queue = RedisQueue(server.url)

    async def scenario():
        await queue.enqueue([message()])
        server.kill()
        begun = time.monotonic()
        with pytest.raises(Unavailable, match=f"127.0.0.1:{server.port}"):
            await queue.enqueue([message()])
        with pytest.raises(Unavailable):
            await leased(queue, wait=5)
        took = time.monotonic() - begun
        server.start()
        await queue.enqueue([message("two")])
        found = await leased(queue)
        await queue.close()
        return took, [lease.message.id for lease in found]

    took, found = runner.run(scenario())

    assert took < QUICKLY_SECONDS
    assert found == ["two"]


def test_a_password_that_changes_while_the_queue_is_at_work_is_an_outage(start, runner):
    server = start("--user", "worker", "on", ">secret", "~*", "&*", "+@all")
    queue = RedisQueue(server.url.replace("//", "//worker:secret@"))

    def change_to(password):
        with Redis.from_url(server.url) as admin:
            admin.acl_setuser("worker", enabled=True, reset_passwords=True, passwords=[f"+{password}"])
            admin.client_kill_filter(user="worker")

    async def scenario():
        await queue.open()
        change_to("other")
        for reason in ("closed the connection", "invalid username-password"):
            with pytest.raises(Unavailable, match=reason):
                await leased(queue)
        change_to("secret")
        await queue.enqueue([message()])
        await queue.close()

    runner.run(scenario())


def test_one_call_notices_for_all_that_the_server_has_been_away(start, runner):
    server = start()
    queue = RedisQueue(server.url)

    async def together():
        await asyncio.gather(*(queue.ping() for _ in range(3)))

    async def scenario():
        await together()
        server.kill()
        server.start()
        with pytest.raises(Unavailable):
            await queue.ping()
        await together()
        await queue.close()

    runner.run(scenario())


def test_a_waiting_lease_hears_of_the_end_of_its_server_and_then_of_news_again(start, runner):
    server = start()
    queue, other = RedisQueue(server.url), RedisQueue(server.url)

    async def scenario():
        call = asyncio.create_task(leased(queue, wait=30))
        await until(lambda: queue._connection.news.hears(["default"]))
        server.kill()
        with pytest.raises(Unavailable):
            await call
        server.start()
        call = asyncio.create_task(leased(queue, wait=30))
        await until(lambda: queue._connection.news.hears(["default"]))
        await other.enqueue([message()])
        found = await call
        await queue.close()
        await other.close()
        return [lease.message.id for lease in found]

    assert runner.run(scenario()) == ["one"]


def test_connections_that_were_cut_while_idle_are_mended_unnoticed(queue, redis, runner):
    async def scenario():
        redis.client_kill_filter(_id=str(await queue._connection.ask(packed(b"CLIENT", b"ID"))))
        wires = queue._connection._present().wires
        await until(lambda: wires._wire.broken)
        return await queue.enqueue([message()])

    assert list(runner.run(scenario())) == []


def test_a_server_that_hangs_is_waited_for_only_so_long(start, runner, monkeypatch):
    server = start()
    queue = RedisQueue(server.url)
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.2)

    async def scenario():
        await queue.enqueue([message()])
        server.freeze()
        with pytest.raises(Unavailable, match=r"nothing within 0\.2 s"):
            await queue.ping()
        server.thaw()
        monkeypatch.setattr(connection, "ANSWER_SECONDS", 10.0)
        found = await leased(queue)
        await queue.close()
        return found

    assert len(runner.run(scenario())) == 1


def test_one_connection_is_enough_to_wait_and_to_work(prefix, runner):
    queue = RedisQueue(URLS["redis"], prefix=prefix, max_connections=1)

    async def scenario():
        call = asyncio.create_task(leased(queue, wait=30))
        await until(lambda: queue._connection.news.hears(["default"]))
        await asyncio.gather(*(queue.ping() for _ in range(20)))
        await queue.enqueue([message()])
        refusals = await queue.settle([Ack(lease) for lease in await call])
        await queue.close()
        return refusals

    assert list(runner.run(scenario())) == []


def test_a_password_in_the_url_or_beside_it_lets_in_and_is_never_shown(start, runner):
    server = start("--requirepass", "p@ss/word")
    address = f"127.0.0.1:{server.port}"
    queues = [
        RedisQueue(f"redis://:p%40ss%2Fword@{address}/2"),
        RedisDriver(url=f"redis://{address}", password="p@ss/word", db=1, max_connections=20),
    ]

    async def scenario():
        for queue in queues:
            await queue.open()
            await queue.close()
        with pytest.raises(ConfigurationError) as wrong:
            await RedisQueue(f"redis://{address}", password="p@ssword").open()
        return str(wrong.value)

    refusal = runner.run(scenario())

    assert [str(queue) for queue in queues] == [
        f"redis {address}/2, prefix asynctasq",
        f"redis {address}/1, prefix asynctasq",
    ]
    assert "word" not in f"{queues!r}"
    assert "p@ss" not in refusal


def test_a_socket_of_the_machine_is_reached(start, runner, tmp_path):
    path = tmp_path / "redis.sock"
    start("--unixsocket", str(path))
    queue = RedisQueue(f"unix://{path}?db=3")

    async def scenario():
        await queue.open()
        await queue.close()

    runner.run(scenario())

    assert str(queue) == f"redis {path}/3, prefix asynctasq"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate with")
def test_tls_is_spoken_with_rediss(start, runner, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    subprocess.run([*make, *subject, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    port = str(free_port())
    start(
        "--tls-port", port, "--tls-cert-file", str(certificate), "--tls-key-file", str(key), "--tls-auth-clients", "no"
    )
    queue = RedisQueue(f"rediss://127.0.0.1:{port}?ssl_ca_certs={certificate}")

    async def scenario():
        await queue.open()
        with pytest.raises(ConfigurationError):
            await RedisQueue(f"rediss://127.0.0.1:{port}").open()
        await queue.close()

    runner.run(scenario())


def test_a_queue_is_used_from_one_loop_after_another_and_then_from_a_forked_child(queue):
    with asyncio.Runner() as before:
        before.run(queue.enqueue([message()]))
        pid = os.fork()
        if not pid:
            with asyncio.Runner() as child:
                os._exit(len(child.run(leased(queue))))
        _, status = os.waitpid(pid, 0)
        refusals = before.run(queue.enqueue([message("two")]))
    with asyncio.Runner() as after:
        found = after.run(leased(queue))
        after.run(queue.close())

    assert os.waitstatus_to_exitcode(status) == 1
    assert list(refusals) == []
    assert [lease.message.id for lease in found] == ["two"]


@pytest.mark.parametrize(
    "url",
    ["http://localhost", "redis://localhost:many", "localhost:6379", "redis://localhost?ssl_ca_certs=ca.pem"],
)
def test_what_is_no_url_is_an_error_of_the_settings(url):
    with pytest.raises(ConfigurationError, match="redis url"):
        RedisQueue(url)


def test_the_durability_of_a_server_is_told(start, runner):
    careless = start("--appendonly", "no", "--maxmemory-policy", "allkeys-lru")

    async def risks(server):
        queue = RedisQueue(server.url)
        found = await queue.durability()
        await queue.close()
        return found

    appendonly, policy = runner.run(risks(careless))

    assert "appendonly yes" in appendonly
    assert "noeviction" in policy
    assert list(runner.run(risks(start("--appendonly", "yes")))) == []
