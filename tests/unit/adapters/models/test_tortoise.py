"""What is particular to Tortoise; the promises of the port are in tests/contract/test_tortoise.py."""

import asyncio

import pytest
from tortoise import Tortoise
from tortoise.context import get_current_context

from asynctasq import init
from asynctasq.adapters.models.tortoise.loader import TortoiseModels
from asynctasq.adapters.serializers.classes import Classes
from asynctasq.app import current
from asynctasq.domain.errors import ConfigurationError, NotLoaded
from asynctasq.ports.models import ModelRef
from tests.contract.orm.tortoise_models import Note, Other

NOTE = f"{Note.__module__}:Note"


@pytest.fixture
def config(tmp_path):
    return {
        "connections": {"sqlite": f"sqlite://{tmp_path / 'models.db'}"},
        "apps": {"models": {"models": [Note.__module__], "default_connection": "sqlite"}},
    }


@pytest.fixture
def loader(config):
    return TortoiseModels(Classes(), lambda: config)


async def make(config, *texts):
    """As a program that dispatches does; in a task of its own, whose context nobody else sees."""
    await Tortoise.init(config=config)
    await Tortoise.generate_schemas()
    notes = [await Note.create(text=text) for text in texts]
    await Tortoise.close_connections()
    return notes


async def made(config, *texts):
    return await asyncio.create_task(make(config, *texts))


def test_it_is_initialised_once(config, loader):
    async def main():
        [note] = await made(config, "text")
        contexts = []
        for _ in range(2):
            async with loader.load([loader.reference(note)], share_session=False):
                contexts.append(get_current_context())
        await loader.close()
        return contexts

    first, second = asyncio.run(main())

    assert first is second
    assert get_current_context() is None


def test_it_makes_no_schema(loader):
    async def main():
        try:
            with pytest.raises(NotLoaded, match="no such table"):
                await loader.resolve([ModelRef(NOTE, (1,))])
        finally:
            await loader.close()

    asyncio.run(main())


def test_what_the_application_has_initialised_is_used(config):
    asked = []
    loader = TortoiseModels(Classes(), lambda: asked.append("config"))

    async def main():
        [note] = await made(config, "text")
        await Tortoise.init(config=config)
        found = await loader.resolve([loader.reference(note)])
        await loader.close()
        assert Tortoise.is_inited()
        await Tortoise.close_connections()
        return [each.text for each in found.values()]

    assert asyncio.run(main()) == ["text"]
    assert asked == []


def test_without_a_configuration_the_error_says_what_to_call():
    async def main():
        await TortoiseModels(Classes()).resolve([ModelRef(NOTE, (1,))])

    with pytest.raises(ConfigurationError, match="tortoise_config"):
        asyncio.run(main())


def test_code_around_a_task_may_use_it_without_any_model(config, loader):
    async def main():
        await made(config, "one", "two")
        async with loader.load([], share_session=False):
            count = await Note.all().count()
        await loader.close()
        return count

    assert loader.surrounds_every_task
    assert asyncio.run(main()) == 0  # its own manager hides them


def test_another_loop_gets_connections_of_its_own(config, loader):
    async def once():
        return len(await loader.resolve([ModelRef(NOTE, (1,))]))

    asyncio.run(made(config, "text"))

    assert asyncio.run(once()) == 1
    with asyncio.Runner() as runner:
        assert runner.run(once()) == 1
        runner.run(loader.close())


def test_a_relation_is_loaded_by_awaiting_it(config, loader):
    async def relate(note):
        await Tortoise.init(config=config)
        other = await Other.create(text="friend")
        await type(note)._meta.db.execute_query(f"UPDATE note SET friend_id = {other.id}")
        await Tortoise.close_connections()

    async def main():
        [note] = await made(config, "text")
        await asyncio.create_task(relate(note))
        async with loader.load([loader.reference(note)], share_session=False) as models:
            [loaded] = models.values()
            text = (await loaded.friend).text
        await loader.close()
        return text

    assert asyncio.run(main()) == "friend"


def test_init_keeps_the_configuration_for_workers(monkeypatch):
    monkeypatch.setattr(current._default, "tortoise_config", None)
    monkeypatch.setattr(current._default, "pinned", True)

    init({}, tortoise_config={"connections": {}, "apps": {}})

    assert current.tortoise_config() == {"connections": {}, "apps": {}}
