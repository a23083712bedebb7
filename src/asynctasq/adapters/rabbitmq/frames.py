"""The frames that come and go with every message, by hand. All others are left to pamqp, which takes its time."""

import struct
from collections.abc import Iterator, Sequence

from attrs import define, frozen
from pamqp.exceptions import PAMQPException
from pamqp.header import ContentHeader

METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
END = b"\xce"
OVERHEAD = 8
"""Bytes of a frame around its payload."""

DELIVER, GET_OK, ACK, NACK = (struct.pack(">HH", 60, number) for number in (60, 71, 80, 120))
HEARTBEAT_FRAME = struct.pack(">BHI", HEARTBEAT, 0, 0) + END

OUR_FLAGS = 1 << 12 | 1 << 7
"""Delivery mode and message id: the properties of what we publish."""

_head = struct.Struct(">BHI")
_content = struct.Struct(">HHQHB")
_settle = struct.Struct(">BHIHHQBB")
_flags_at = 12
_properties_at = 14


@frozen
class Content:
    """What a content header says: who it is, how often it came back, and how many bytes follow."""

    id: str | None
    return_count: int
    size: int


@define
class Publication:
    """One message on its way. `queue` is the name of the queue of ours that it is meant for."""

    queue: str
    exchange: str
    key: str
    id: str
    body: bytes

    def frames(self, channel: int, frame_max: int) -> Iterator[bytes]:
        """Mandatory and persistent."""
        method = b"\0\x3c\0\x28\0\0" + shortstr(self.exchange) + shortstr(self.key) + b"\x01"
        yield frame(METHOD, channel, method)
        yield frame(HEADER, channel, _content.pack(60, 0, len(self.body), OUR_FLAGS, 2) + shortstr(self.id))
        room = frame_max - OVERHEAD
        for start in range(0, len(self.body), room):
            yield frame(BODY, channel, self.body[start : start + room])


def frame(kind: int, channel: int, payload: bytes) -> bytes:
    """Any frame."""
    return _head.pack(kind, channel, len(payload)) + payload + END


def acks(channel: int, up_to: int, others: Sequence[int]) -> bytes:
    """Of all delivery tags up to the first, which is 0 for none, and of single ones."""
    frames = [_settle.pack(METHOD, channel, 13, 60, 80, tag, 0, END[0]) for tag in others]
    if up_to:
        frames.append(_settle.pack(METHOD, channel, 13, 60, 80, up_to, 1, END[0]))
    return b"".join(frames)


def shortstr(text: str) -> bytes:
    """Text of at most 255 bytes, with its length before it."""
    data = text.encode()
    return bytes((len(data),)) + data


def split(data: bytes) -> tuple[list[tuple[int, int, bytes]], bytes]:
    """The whole frames as (kind, channel, payload), and the bytes of one that has only begun."""
    frames: list[tuple[int, int, bytes]] = []
    start, end = 0, len(data)
    while end - start >= OVERHEAD:
        kind, channel, size = _head.unpack_from(data, start)
        stop = start + size + OVERHEAD
        if stop > end:
            break
        if data[stop - 1] != END[0]:
            raise ValueError("a frame does not end where it should")
        frames.append((kind, channel, data[start + 7 : stop - 1]))
        start = stop
    return frames, data[start:]


def read_deliver(payload: bytes) -> tuple[str, int]:
    """Consumer tag and delivery tag."""
    end = 5 + payload[4]
    return payload[5:end].decode(errors="replace"), int.from_bytes(payload[end : end + 8])


def read_tag(payload: bytes) -> tuple[int, bool]:
    """Delivery tag of a Get-Ok, Ack or Nack, and the bit that follows it."""
    return int.from_bytes(payload[4:12]), bool(payload[12] & 1)


def read_content(payload: bytes) -> Content:
    """Never raises for properties of others, who may put anything there."""
    size = int.from_bytes(payload[4:12])
    if int.from_bytes(payload[_flags_at:_properties_at]) == OUR_FLAGS:
        return Content(payload[_properties_at + 2 :].decode(errors="replace") or None, 0, size)
    header = ContentHeader()
    try:
        header.unmarshal(payload)
    except (PAMQPException, ValueError, struct.error, IndexError):
        return Content(None, 0, size)
    count = (header.properties.headers or {}).get("x-delivery-count")
    return Content(header.properties.message_id or None, count if isinstance(count, int) else 0, size)
