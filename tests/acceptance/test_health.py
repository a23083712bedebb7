"""What a process manager hears from `--health-port`."""

import contextlib
import http.client
import itertools
import os
import socket
import sqlite3
from contextlib import closing

import pytest

from tests.acceptance.fleet import Fleet, Process
from tests.acceptance.project import complaint

pytestmark = [pytest.mark.acceptance, pytest.mark.alone]


@pytest.fixture
def port() -> int:
    """Free, and the next one too; none of those that a client that connects is given, and may so talk to itself."""
    for port in itertools.count(20_000 + os.getpid() % 10_000, 2):
        with contextlib.suppress(OSError), closing(socket.create_server(("", port))):
            socket.create_server(("", port + 1)).close()
            return port
    raise AssertionError


def probed(fleet: Fleet, port: int, *arguments: str) -> Process:
    return fleet.start("-m", "asynctasq", "worker", "--health-port", str(port), *arguments)


def ask(port: int, path: str, *, host: str = "127.0.0.1") -> int | None:
    """The status, None if nobody listens."""
    with closing(http.client.HTTPConnection(host, port, timeout=5)) as connection:
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except ConnectionError:
            return None


def test_a_worker_that_serves_is_live_and_ready(fleet: Fleet, port: int):
    probed(fleet, port)

    fleet.until(lambda: ask(port, "/readyz") == 200)

    assert ask(port, "/livez") == 200
    assert [ask(port, path) for path in ("/", "/livez/", "/metrics")] == [404] * 3


def test_a_worker_whose_loop_stands_still_is_not_live_until_it_moves(fleet: Fleet, port: int):
    probed(fleet, port)
    fleet.until(lambda: ask(port, "/livez") == 200)

    fleet.dispatch("blocking:Sleep", {"index": 0, "seconds": 3.0})
    fleet.started(1)

    assert ask(port, "/livez") == 503
    assert ask(port, "/readyz") == 200
    fleet.until(lambda: ask(port, "/livez") == 200)


def test_a_worker_without_its_queue_is_live_and_not_ready(fleet: Fleet, port: int):
    fleet.dispatch("counting:Count", {"index": 0, "seconds": 0})
    with closing(sqlite3.connect(fleet.path)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        probed(fleet, port)
        fleet.until(lambda: ask(port, "/livez") == 200)

        assert ask(port, "/readyz") == 503

    fleet.until(lambda: ask(port, "/readyz") == 200)


@pytest.mark.full
def test_each_process_of_a_supervisor_answers_on_a_port_of_its_own(fleet: Fleet, port: int):
    probed(fleet, port, "--processes", "2")

    fleet.until(lambda: (ask(port, "/readyz"), ask(port + 1, "/readyz")) == (200, 200))


def test_whoever_says_nothing_or_garbage_disturbs_nobody(fleet: Fleet, port: int):
    probed(fleet, port)
    fleet.until(lambda: ask(port, "/livez") == 200)

    with (
        closing(socket.create_connection(("127.0.0.1", port))),
        closing(socket.create_connection(("127.0.0.1", port))) as rude,
    ):
        rude.sendall(b"\0" * 100_000)
        assert ask(port, "/livez") == 200


@pytest.mark.full
def test_a_port_that_is_taken_is_one_line(project, port: int):
    with closing(socket.create_server(("", port))):
        done = project.cli("worker", "--health-port", str(port))

    assert done.returncode == 2
    assert complaint(done) == f"asynctasq: --health-port {port} cannot be opened: Address already in use"
