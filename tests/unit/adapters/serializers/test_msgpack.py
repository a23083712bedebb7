"""What is particular to MessagePack; the promises of the port are in tests/contract/test_msgpack.py."""

import sys
from dataclasses import InitVar, dataclass, field
from enum import Enum
from types import ModuleType
from typing import Any

import attrs
import msgpack
import pytest

from asynctasq.adapters.serializers.msgpack import MsgpackSerializer
from asynctasq.domain.errors import NotSendable

serializer = MsgpackSerializer()


class Mood(Enum):
    GOOD = 1


class Grumpy:
    """A class that is no data."""


@attrs.frozen
class Celsius:
    degrees: float = attrs.field(converter=lambda value: value * 10)


@dataclass
class Strict:
    number: int

    def __post_init__(self):
        if self.number < 0:
            raise RuntimeError("negative")


@dataclass
class Seeded:
    value: int = field(init=False)
    seed: InitVar[int]

    def __post_init__(self, seed):
        self.value = seed


def record(name: str, state: dict[str, Any], code: int = 21) -> bytes:
    return msgpack.packb(msgpack.ExtType(code, msgpack.packb([name, state])))


def test_plain_data_is_plain_messagepack():
    value = [1, "a", None, True, 1.5, b"x", {"k": [2**64 - 1]}]

    assert serializer.dumps(value) == msgpack.packb(value)


def test_a_converter_does_not_convert_twice():
    assert serializer.loads(serializer.dumps(Celsius(2.0))).degrees == 20.0


def test_a_class_that_its_fields_cannot_rebuild_is_refused_at_once():
    with pytest.raises(NotSendable, match=r"\[0\]: missing a required argument: 'seed'"):
        serializer.dumps([Seeded(3)])


def test_a_field_without_a_value_is_refused():
    seeded = Strict(1)
    del seeded.number

    with pytest.raises(NotSendable, match=r"the value: .*number"):
        serializer.dumps(seeded)


def test_a_class_inside_a_function_is_refused():
    @dataclass
    class Hidden:
        x: int

    with pytest.raises(NotSendable, match="define it at module level"):
        serializer.dumps(Hidden(1))


def test_a_constructor_that_refuses_is_a_value_error():
    with pytest.raises(ValueError, match="does not accept its fields: RuntimeError"):
        serializer.loads(record(f"{__name__}:Strict", {"number": -1}))


@pytest.mark.parametrize("state", [{}, {"number": 1, "colour": "red"}])
def test_fields_of_another_version_are_a_lookup_error(state):
    with pytest.raises(LookupError, match="has other fields here"):
        serializer.loads(record(f"{__name__}:Strict", state))


def test_a_member_of_another_version_is_a_lookup_error():
    with pytest.raises(LookupError, match="no member 'BAD'"):
        serializer.loads(record(f"{__name__}:Mood", "BAD", code=20))


def test_an_unknown_extension_is_a_lookup_error():
    with pytest.raises(LookupError, match="extension 99"):
        serializer.loads(msgpack.packb([msgpack.ExtType(99, b"")]))


@pytest.mark.parametrize(
    "name", [f"{__name__}:Grumpy", f"{__name__}:record", "subprocess:Popen", "builtins:eval", "enum:Enum"]
)
def test_a_name_that_is_no_data_class_is_forged(name):
    with pytest.raises(ValueError, match=r"is no class|neither a dataclass"):
        serializer.loads(record(name, {"args": "ls"}))


@pytest.mark.parametrize("name", [f"{__name__}:Nothing", f"{__name__}:Mood.GOOD.value", "no_colon", ":", ""])
def test_a_name_that_is_not_there_is_a_lookup_error(name):
    with pytest.raises(LookupError):
        serializer.loads(record(name, {}))


def test_a_name_never_reaches_the_getattr_of_a_module(monkeypatch):
    asked = []
    module = ModuleType("lazy")
    module.__dict__["__getattr__"] = asked.append
    monkeypatch.setitem(sys.modules, "lazy", module)

    with pytest.raises(LookupError):
        serializer.loads(record("lazy:Thing", {}))
    assert asked == []


class TestImports:
    @pytest.fixture(autouse=True)
    def module(self, tmp_path, monkeypatch):
        source = "from dataclasses import dataclass\n@dataclass\nclass Box:\n    size: int\n"
        (tmp_path / "freight_of_tomorrow.py").write_text(source)
        (tmp_path / "freight_that_breaks.py").write_text("1 / 0")
        monkeypatch.syspath_prepend(tmp_path)
        yield
        sys.modules.pop("freight_of_tomorrow", None)

    def test_no_message_causes_an_import_by_default(self):
        with pytest.raises(LookupError, match="not imported here"):
            serializer.loads(record("freight_of_tomorrow:Box", {"size": 1}))

        assert "freight_of_tomorrow" not in sys.modules

    def test_a_module_that_is_allowed_is_imported(self):
        generous = MsgpackSerializer(may_import=lambda module: module == "freight_of_tomorrow")

        assert generous.loads(record("freight_of_tomorrow:Box", {"size": 1})).size == 1

    @pytest.mark.parametrize("name", ["freight_that_breaks", "freight_that_is_not_there"])
    def test_a_module_that_cannot_be_imported_is_a_lookup_error(self, name):
        generous = MsgpackSerializer(may_import=lambda _: True)

        with pytest.raises(LookupError, match="cannot be imported"):
            generous.loads(record(f"{name}:Box", {}))


def test_classes_of_a_script_are_named_by_its_importable_module(monkeypatch):
    script = ModuleType("__main__")
    box = type("Box", (), {"__module__": "__main__", "__annotations__": {"size": int}, "__qualname__": "Box"})
    script.__dict__["Box"] = dataclass(box)
    monkeypatch.setitem(sys.modules, "__main__", script)
    inside = MsgpackSerializer(main="shipping")

    data = inside.dumps(script.Box(3))

    assert b"shipping:Box" in data
    assert type(inside.loads(data)) is script.Box


def test_a_message_of_extensions_within_extensions_is_too_deep():
    data = msgpack.packb([])
    for _ in range(100):
        data = msgpack.packb([msgpack.ExtType(1, data)])

    with pytest.raises(ValueError, match="too deep"):
        serializer.loads(data)


def test_an_endless_value_is_named_as_such():
    endless: list[Any] = []
    endless.append({"me": endless})

    with pytest.raises(NotSendable, match="contains itself"):
        serializer.dumps(endless)


def test_a_claimed_length_allocates_nothing():
    with pytest.raises(ValueError, match="exceeds max_array_len"):
        serializer.loads(b"\xdd\xff\xff\xff\xff")
