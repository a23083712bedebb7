"""Tests that hold on every driver: on SQLite and Redis each time, on the others in the full run."""

import pytest

from tests.acceptance.brokers.servers import SERVERS

on_every_driver = pytest.mark.parametrize(
    "fleet",
    ["sqlite", *(pytest.param(driver, marks=pytest.mark.full) for driver in SERVERS)],
    indirect=True,
)
BROKERS = ["redis", *(pytest.param(driver, marks=pytest.mark.full) for driver in SERVERS if driver != "redis")]
on_every_broker = pytest.mark.parametrize("fleet", BROKERS, indirect=True)
