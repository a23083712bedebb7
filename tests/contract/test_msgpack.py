"""MessagePack keeps the promises of the port `Serializer`."""

from msgpack import ExtType, Timestamp

from asynctasq.adapters.serializers.msgpack import MsgpackSerializer
from asynctasq.ports.serializer import Serializer
from asynctasq.testing.contracts.serializer import SerializerContract


class TestMsgpackSerializer(SerializerContract):
    lookalikes = (
        ExtType(1, b"\x91\x01"),
        ExtType(99, b""),
        Timestamp(1, 0),
        {"code": 1, "data": b"\x91\x01"},
        {"__ext__": [1, 2]},
        [1, b"\x91\x01"],
        b"\xd4\x01\x90",
        "\xd4\x01\x90",
        "builtins:set",
        ["asynctasq.testing.contracts.values:Colour", "RED"],
    )

    def serializer(self) -> Serializer:
        return MsgpackSerializer()
