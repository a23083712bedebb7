import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynctasq.adapters.serializers.msgpack import MsgpackSerializer
from asynctasq.app.codec import Codec, CorruptBody, NewerBody

SERIALIZER = MsgpackSerializer()
CODEC = Codec(SERIALIZER)
PLAIN = st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.lists(st.integers())


@given(st.lists(PLAIN).map(tuple), st.dictionaries(st.text(), PLAIN))
def test_arguments_come_back_as_they_went(args, kwargs):
    assert CODEC.decode(CODEC.encode(args, kwargs)) == (args, kwargs)


def test_the_first_byte_is_the_version():
    assert CODEC.encode((1,), {})[0] == 1


def test_a_newer_version_is_for_a_newer_worker():
    with pytest.raises(NewerBody, match="version 2, this worker reads up to 1"):
        CODEC.decode(b"\x02" + CODEC.encode((), {})[1:])


def test_a_type_that_is_not_known_here_is_for_a_newer_worker():
    with pytest.raises(NewerBody, match="not known here"):
        CODEC.decode(b"\x01\x92\x91\xd4\x7f\x00\x80")


@given(st.binary(max_size=40))
def test_nothing_but_arguments_or_a_reason_comes_out(body):
    with contextlib.suppress(CorruptBody, NewerBody):
        args, kwargs = CODEC.decode(body)

        assert isinstance(args, tuple)
        assert isinstance(kwargs, dict)


@pytest.mark.parametrize("value", [None, 7, [], [[]], [[], {}, 1], [{}, []], [[], {1: 2}], {"a": 1}])
def test_a_body_that_holds_no_arguments_is_corrupt(value):
    with pytest.raises(CorruptBody):
        CODEC.decode(b"\x01" + SERIALIZER.dumps(value))


@pytest.mark.parametrize("body", [b"", b"\x00", b"\x01", b"\x01\xc1"])
def test_bytes_that_nobody_wrote_are_corrupt(body):
    with pytest.raises(CorruptBody):
        CODEC.decode(body)
