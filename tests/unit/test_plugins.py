import sys

import pytest

from asynctasq import plugins
from asynctasq.adapters.memory.queue import MemoryQueue
from asynctasq.adapters.sqlite.queue import SqliteQueue
from asynctasq.app.settings import Settings
from asynctasq.domain.errors import ConfigurationError, MissingExtra


@pytest.fixture
def offer(tmp_path, monkeypatch):
    """Install a package that offers queues by entry points."""

    def install(**targets):
        metadata = tmp_path / "third_party-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: third-party\nVersion: 1.0\n")
        lines = [f"{name} = {target}" for name, target in targets.items()]
        (metadata / "entry_points.txt").write_text("\n".join(["[asynctasq.queues]", *lines]))
        (tmp_path / "third_party.py").write_text("def create(settings):\n    return settings.driver\n")
        monkeypatch.syspath_prepend(tmp_path)

    yield install
    sys.modules.pop("third_party", None)


def test_memory_is_ours():
    assert isinstance(plugins.load("queues", "memory")(Settings()), MemoryQueue)


def test_sqlite_is_ours():
    assert isinstance(plugins.load("queues", "sqlite")(Settings()), SqliteQueue)


@pytest.fixture
def few(monkeypatch):
    """As if this version had no more than these, and no adapter for one of them yet."""
    ours = {"memory": plugins.OURS["queues"]["memory"], "sqlite": plugins.OURS["queues"]["sqlite"]}
    monkeypatch.setattr(plugins, "OURS", {"queues": {**ours, "pigeon": plugins.Driver(client="pigeon_post")}})


def test_every_driver_of_the_guides_is_ours():
    assert {"memory", "sqlite", "redis", "postgres", "mysql", "rabbitmq", "sqs"} == plugins.OURS["queues"].keys()


def test_an_unknown_driver_lists_the_known_ones(few):
    with pytest.raises(ConfigurationError, match=r"unknown driver 'kafka': Known are memory, sqlite$"):
        plugins.load("queues", "kafka")


def test_a_misspelt_driver_gets_a_suggestion():
    with pytest.raises(ConfigurationError, match="did you mean 'sqlite'"):
        plugins.load("queues", "sqllite")


def test_a_driver_that_is_to_come_says_so_in_one_line(few):
    with pytest.raises(ConfigurationError, match=r"^.* no adapter for 'pigeon' yet; it has memory, sqlite$"):
        plugins.load("queues", "pigeon")


def test_a_package_offers_a_driver_by_an_entry_point(few, offer):
    offer(kafka="third_party:create")

    assert plugins.load("queues", "kafka")(Settings(driver="kafka")) == "kafka"
    assert plugins.known("queues") == ["kafka", "memory", "sqlite"]


def test_our_own_drivers_come_first(offer):
    offer(memory="third_party:create")

    assert isinstance(plugins.load("queues", "memory")(Settings()), MemoryQueue)


def test_a_package_may_offer_a_driver_that_is_to_come(few, offer):
    offer(pigeon="third_party:create")

    assert plugins.load("queues", "pigeon")(Settings(driver="pigeon")) == "pigeon"


def test_a_broken_plugin_passes_its_own_error_through(offer):
    offer(kafka="third_party:missing")

    with pytest.raises(AttributeError, match="missing"):
        plugins.load("queues", "kafka")


def test_a_driver_without_its_client_library_names_the_extra(monkeypatch):
    driver = plugins.Driver(lambda _: MemoryQueue(), client="a_library_that_is_not_there")
    monkeypatch.setattr(plugins, "OURS", {"queues": {"redis": driver}})

    with pytest.raises(MissingExtra, match=r"pip install 'asynctasq\[redis\]'"):
        plugins.load("queues", "redis")
