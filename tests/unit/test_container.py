"""The wiring: one default application, any number of others, and hosts that bring their own parts."""

import asyncio
import subprocess
import sys

import pytest
from dependency_injector import containers, providers

import asynctasq
from asynctasq import Container, Settings, init, task
from asynctasq.adapters.memory.queue import MemoryQueue
from asynctasq.app import current
from asynctasq.container import build
from asynctasq.domain.errors import ConfigurationError

ran: list[str] = []


@task(queue="container")
async def note(value):
    ran.append(value)


@pytest.fixture(autouse=True)
def default_application(monkeypatch):
    monkeypatch.setattr(current._default, "application", None)
    monkeypatch.setattr(current._default, "given", None)
    ran.clear()


def count(application, queue):
    return next((each.pending for each in asyncio.run(application.monitor.stats()) if each.name == queue), 0)


def test_two_applications_side_by_side_share_nothing():
    one, other = build({"driver": "memory"}), build({"driver": "memory"})

    asyncio.run(one.dispatcher.dispatch(note("one")))

    assert count(one, "container") == 1
    assert count(other, "container") == 0
    one.close()
    other.close()


def test_a_host_mounts_the_container_with_a_queue_of_its_own():
    queue = MemoryQueue()

    class Host(containers.DeclarativeContainer):
        queue_of_the_host = providers.Object(queue)
        tasks = providers.Container(
            Container, settings=providers.Object(Settings(driver="redis")), queue=queue_of_the_host
        )

    async def main():
        async with Host().tasks.application() as application:
            await application.dispatcher.dispatch(note("hosted"))
            assert [each.name for each in await queue.admin.stats()] == ["container"]
            await application.worker(burst=True).run()

    asyncio.run(main())

    assert ran == ["hosted"]


def test_a_driver_instance_takes_its_task_and_nothing_else():
    queue = MemoryQueue()
    application = build({"driver": "memory"})
    elsewhere = note("elsewhere")
    elsewhere.config["driver"] = queue

    asyncio.run(application.dispatcher.dispatch_many([elsewhere, note("here")]))
    asyncio.run(application.worker(driver=queue, burst=True).run())

    assert ran == ["elsewhere"]
    assert count(application, "container") == 1
    application.close()


def test_the_last_init_wins_and_the_same_again_changes_nothing():
    init({"driver": "memory"})
    first = current.application()
    init({"driver": "memory"})
    same = current.application()
    init({"driver": "memory", "dispatch_timeout": 3})

    assert first is same
    assert current.application().settings.dispatch_timeout == 3


def test_init_connects_to_nothing():
    init({"driver": "memory"})

    assert not current.application().broker.started


def test_a_pinned_application_is_not_rewired(monkeypatch):
    monkeypatch.setattr(current._default, "pinned", False)
    worker = build({"driver": "memory"})
    current.pin(worker)

    init({"driver": "sqlite"})

    assert current.application() is worker


@pytest.mark.parametrize("given", ["redis", 7, ["driver"]])
def test_init_wants_a_mapping(given):
    with pytest.raises(ConfigurationError, match="takes a mapping"):
        init(given)


def test_a_signing_key_that_is_empty_is_refused_without_the_others():
    with pytest.raises(ConfigurationError, match="signing_key: an empty key") as caught:
        init({"signing_key": "secret,"})

    assert "secret" not in str(caught.value)


def test_dispatches_from_loops_that_come_and_go_share_one_application():
    init({"driver": "memory"})

    ids = [asyncio.run(note("again").dispatch()) for _ in range(3)]

    assert len(set(ids)) == 3
    assert count(current.application(), "container") == 3
    current.application().close()


def test_get_and_cancel_concern_the_default_application():
    init({"driver": "memory"})

    async def main():
        id = await note("never").dispatch()
        view = await asynctasq.get(id)
        return view.state.value, await asynctasq.cancel(id), await asynctasq.cancel(id)

    assert asyncio.run(main()) == ("pending", True, False)
    current.application().close()


def test_every_public_name_is_there():
    assert {name: getattr(asynctasq, name) for name in asynctasq.__all__}
    assert set(asynctasq.__all__) <= set(dir(asynctasq))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        asynctasq.nonsense  # noqa: B018


def test_importing_the_package_loads_no_adapter_and_no_container():
    code = (
        "import sys, asynctasq; "
        "print([m for m in sys.modules if m.startswith(('asynctasq.adapters', 'asynctasq.container', "
        "'dependency_injector', 'rich', 'msgpack', 'sqlite3', 'uvloop'))])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"
