from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.brokers.servers import SERVERS, Server
from tests.acceptance.fleet import Fleet
from tests.acceptance.project import Project


@pytest.fixture(scope="session")
def server_of() -> Iterator[Callable[[str], Server]]:
    """A server for each driver that is asked for, the same for all tests that leave it alone."""
    with ExitStack() as stack:
        started: dict[str, Server] = {}

        def server_of(driver: str) -> Server:
            if driver not in started:
                started[driver] = stack.enter_context(SERVERS[driver]())
            return started[driver]

        yield server_of


@pytest.fixture
def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fleet]:
    """On SQLite, or on the driver that a test is parametrized with."""
    driver = getattr(request, "param", "sqlite")
    variables = None
    if driver != "sqlite":
        server = request.getfixturevalue("server_of")(driver)
        server.furnish(tmp_path.name)
        variables = server.settings(tmp_path.name, server.port)
    with Fleet(tmp_path, variables) as fleet:
        yield fleet


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path.resolve())
