"""One connection: commands go out as they come, and each answer goes to who asked, however the bytes are cut."""

import asyncio
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.exceptions import NoScriptError, ResponseError

from asynctasq.adapters.redis.wires import Wire


class Transport:
    def __init__(self):
        self.written = b""
        self.protocol = None
        self.aborted = False

    def set_protocol(self, protocol):
        self.protocol = protocol

    def is_closing(self):
        return self.aborted

    def write(self, data):
        self.written += data

    def abort(self):
        self.aborted = True


def spelled(value):
    match value:
        case None:
            return b"$-1\r\n"
        case int():
            return b":%d\r\n" % value
        case bytes():
            return b"$%d\r\n%b\r\n" % (len(value), value)
        case _:
            return b"*%d\r\n%b" % (len(value), b"".join(map(spelled, value)))


values = st.recursive(
    st.none() | st.integers(-(2**63), 2**63 - 1) | st.binary(max_size=20) | st.just(b"\r\n:1\r\n"),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=8,
)


@pytest.fixture
def transport():
    return Transport()


def wired(transport):
    return Wire(SimpleNamespace(_writer=SimpleNamespace(transport=transport)))


@given(answers=st.lists(values, min_size=1, max_size=5), cuts=st.lists(st.integers(1, 40), max_size=30))
def test_answers_come_back_in_order_however_they_are_cut(answers, cuts):
    async def scenario():
        wire = wired(Transport())
        asked = [wire.send(b"x") for _ in answers]
        data = b"".join(map(spelled, answers))
        for cut in [*cuts, len(data)]:
            wire.data_received(data[:cut])
            data = data[cut:]
        return [answer.result() for answer in asked]

    assert asyncio.run(scenario()) == answers


def test_an_error_is_for_who_asked_alone(transport):
    async def scenario():
        wire = wired(transport)
        asked = [wire.send(b"x") for _ in range(3)]
        transport.protocol.data_received(b"-NOSCRIPT No matching script.\r\n-ERR no\r\n+OK\r\n")
        return await asyncio.gather(*asked, return_exceptions=True)

    first, second, third = asyncio.run(scenario())

    assert isinstance(first, NoScriptError)
    assert isinstance(second, ResponseError)
    assert third == b"OK"


def test_an_answer_that_nobody_waits_for_is_not_given_to_the_next(transport):
    async def scenario():
        wire = wired(transport)
        given_up, waiting = wire.send(b"x"), wire.send(b"y")
        given_up.cancel()
        transport.protocol.data_received(b":1\r\n:2\r\n")
        return await waiting

    assert asyncio.run(scenario()) == 2


def test_what_nobody_asked_for_ends_the_connection(transport):
    async def scenario():
        wire = wired(transport)
        asked = wire.send(b"x")
        transport.protocol.data_received(b":1\r\n-MASTERDOWN nobody asked\r\n:3\r\n")
        return await asked, wire.broken

    assert asyncio.run(scenario()) == (1, True)
    assert transport.aborted


def test_whoever_waits_hears_of_the_end(transport):
    async def scenario():
        wire = wired(transport)
        asked = [wire.send(b"x") for _ in range(2)]
        transport.protocol.connection_lost(None)
        return wire.broken, await asyncio.gather(*asked, return_exceptions=True)

    broken, answers = asyncio.run(scenario())

    assert broken
    assert [type(answer) for answer in answers] == [ConnectionError] * 2
