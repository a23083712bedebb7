import inspect

from asynctasq.app.definition import Mode, TaskDefinition
from asynctasq.app.registry import Registry


def definition(name, **config):
    return TaskDefinition(name, Mode.LOOP, config, lambda args, kwargs: None, inspect.Signature)


def test_a_definition_is_found_by_its_name():
    registry = Registry()
    send = definition("jobs:send")

    registry.add(send)

    assert registry.get("jobs:send") is send
    assert registry.get("jobs:other") is None


def test_the_last_definition_of_a_name_wins():
    registry = Registry()
    registry.add(definition("jobs:send", queue="first"))
    registry.add(definition("jobs:send", queue="second"))

    assert registry.names() == ["jobs:send"]
    assert registry.queues() == ["second"]


def test_each_queue_is_named_once():
    registry = Registry()
    registry.add(definition("jobs:a", queue="mail"))
    registry.add(definition("jobs:b", queue="mail"))
    registry.add(definition("jobs:c", queue="bills"))
    registry.add(definition("jobs:d"))

    assert registry.queues() == ["bills", "mail"]


def test_unwanted_definitions_are_forgotten():
    registry = Registry()
    registry.add(definition("jobs:a"))
    registry.add(definition("shop:b"))

    registry.discard(lambda name: name.startswith("jobs:"))

    assert registry.names() == ["shop:b"]
