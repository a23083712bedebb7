"""How long the suite searches, and what only its full run holds."""

import gc
import os

import pytest
from hypothesis import settings

from tests import servers

FULL = os.environ.get("CI") == "true"

# Stated in full: Hypothesis has a `ci` profile of its own, which would repeat the same examples for ever.
settings.register_profile("default", max_examples=50, derandomize=False, deadline=None)
settings.register_profile("ci", max_examples=300, derandomize=False, deadline=None, print_blob=True)
settings.load_profile("ci" if FULL else "default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if FULL:
        return
    for item in items:
        if item.get_closest_marker("full"):
            item.add_marker(pytest.mark.skip(reason="runs with CI=true only"))


def pytest_collection_finish() -> None:
    # What thousands of tests are made of stays to the end, and the contract collects garbage in every other one.
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("broker"):
        servers.require(*marker.args)
