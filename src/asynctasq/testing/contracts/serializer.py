"""The promises of the port `Serializer`, each as a test in the words of the port."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynctasq.domain.errors import NotSendable
from asynctasq.ports.serializer import Serializer
from asynctasq.testing.contracts.promise import Contract
from asynctasq.testing.contracts.values import Point, keys, same, values

WRAPPERS: list[Callable[[Any], Any]] = [
    lambda inner: [inner],
    lambda inner: (inner,),
    lambda inner: {"a": inner},
    lambda inner: {"a": (inner,)},
    Point,
]


class Foreign:
    """Something that no serializer knows."""


class SerializerContract(Contract, ABC):
    """Subclass it once per serializer.

    class TestMySerializer(SerializerContract):
        def serializer(self):
            return MySerializer()

        lookalikes = [{"__my_type__": "set"}]
    """

    lookalikes: ClassVar[Sequence[Any]] = ()
    """Values that look like what the serializer itself writes for other types."""

    @abstractmethod
    def serializer(self) -> Serializer:
        """A new one, as an application would make it."""

    @given(value=values)
    def test_what_is_loaded_equals_what_was_dumped_in_value_and_type(self, value: Any) -> None:
        serializer = self.serializer()

        loaded = serializer.loads(serializer.dumps(value))

        assert same(loaded, value)

    @given(key=keys, value=values)
    def test_a_dictionary_may_have_any_key_that_can_travel(self, key: Any, value: Any) -> None:
        serializer = self.serializer()

        loaded = serializer.loads(serializer.dumps({key: value}))

        assert same(loaded, {key: value})

    @given(first=values, second=values)
    def test_dumping_one_value_leaves_no_trace_in_the_next(self, first: Any, second: Any) -> None:
        serializer = self.serializer()
        alone = serializer.loads(serializer.dumps(second))

        serializer.dumps(first)

        assert same(serializer.loads(serializer.dumps(second)), alone)

    def test_an_hour_that_comes_twice_keeps_which_one_it_was(self) -> None:
        serializer = self.serializer()
        late = datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Paris"))

        loaded = serializer.loads(serializer.dumps(late))

        assert (loaded.fold, loaded.utcoffset()) == (1, late.utcoffset())

    def test_data_that_looks_like_a_marker_stays_data(self) -> None:
        serializer = self.serializer()

        for value in (*self.lookalikes, [list(self.lookalikes)]):
            assert self._refuses(serializer, value) or same(serializer.loads(serializer.dumps(value)), value)

    @pytest.mark.parametrize("value", [bytearray(b"a"), memoryview(b"a"), range(3), object, len, Foreign(), 1j])
    def test_what_would_change_its_type_is_refused(self, value: Any) -> None:
        assert self._refuses(self.serializer(), [value])

    @pytest.mark.parametrize("kind", [int, float, str, bytes, list, tuple, dict, set, frozenset, datetime])
    def test_a_subclass_of_a_known_type_is_refused(self, kind: type[Any]) -> None:
        subclass = type("Special", (kind,), {})
        value = subclass(2026, 1, 1) if kind is datetime else subclass()

        assert self._refuses(self.serializer(), value)

    @pytest.mark.parametrize(
        ("value", "path"),
        [
            ([1, {"user": Foreign()}], "[1]['user']"),
            ({"a": (1, [Foreign()])}, "['a'][1][0]"),
            ([Point(1, Foreign())], "[0]._y"),
            ([b"fine", {"raw": [bytearray()]}], "[1]['raw'][0]"),
        ],
    )
    def test_a_refusal_names_the_path(self, value: Any, path: str) -> None:
        with pytest.raises(NotSendable) as refused:
            self.serializer().dumps(value)

        assert str(refused.value).startswith(f"{path}: ")

    @pytest.mark.parametrize("wrap", WRAPPERS)
    def test_a_value_without_end_is_refused(self, wrap: Callable[[Any], Any]) -> None:
        endless: list[Any] = []
        endless.append(wrap(endless))

        assert self._refuses(self.serializer(), endless)

    @pytest.mark.parametrize("wrap", WRAPPERS)
    def test_fifty_levels_are_not_too_deep(self, wrap: Callable[[Any], Any]) -> None:
        serializer = self.serializer()
        value: Any = 1
        for _ in range(50):
            value = wrap(value)

        assert same(serializer.loads(serializer.dumps(value)), value)

    @given(data=st.binary(max_size=64))
    def test_garbage_raises_only_the_two_errors_of_the_port(self, data: bytes) -> None:
        self._load_or_fail(data)

    @given(value=values, position=st.integers(0), byte=st.integers(0, 255))
    def test_one_wrong_byte_raises_only_the_two_errors_of_the_port(self, value: Any, position: int, byte: int) -> None:
        data = bytearray(self.serializer().dumps(value))
        data[position % len(data)] = byte

        self._load_or_fail(bytes(data))

    @given(value=values, cut=st.integers(1))
    def test_a_cut_message_is_an_error(self, value: Any, cut: int) -> None:
        data = self.serializer().dumps(value)

        with pytest.raises(ValueError):  # noqa: PT011 - the text is the serializer's own
            self.serializer().loads(data[: cut % len(data)])

    @given(value=values)
    def test_bytes_after_the_end_are_an_error(self, value: Any) -> None:
        with pytest.raises(ValueError):  # noqa: PT011 - the text is the serializer's own
            self.serializer().loads(self.serializer().dumps(value) + b"\x00")

    def _load_or_fail(self, data: bytes) -> None:
        with suppress(ValueError, LookupError):
            self.serializer().loads(data)

    def _refuses(self, serializer: Serializer, value: Any) -> bool:
        try:
            serializer.dumps(value)
        except NotSendable:
            return True
        return False
