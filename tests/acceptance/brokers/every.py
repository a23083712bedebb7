"""Tests that hold on every driver: on SQLite each time, on the others in the full run."""

import pytest

from tests.acceptance.brokers.servers import SERVERS

on_every_driver = pytest.mark.parametrize(
    "fleet",
    ["sqlite", *(pytest.param(driver, marks=pytest.mark.full) for driver in SERVERS)],
    indirect=True,
)
on_every_broker = pytest.mark.parametrize("fleet", SERVERS, indirect=True)
