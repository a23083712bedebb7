"""The Lua beside this file, one verb each, with the parts that it is made of in front."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from attrs import frozen

from asynctasq.adapters.redis.resp import word

PARTS: Mapping[str, tuple[str, ...]] = {
    "enqueue": ("message", "arrive"),
    "lease": ("message", "promote"),
    "settle": ("message", "arrive"),
    "extend": ("message",),
    "cancel": ("message",),
    "requeue": ("message",),
    "delete": ("message",),
    "purge": ("message", "promote"),
    "queues": ("message",),
    "stats": ("message",),
    "fetch": ("message", "view"),
    "find": ("message", "promote", "view"),
}


@frozen
class Script:
    """The first two words of a command. A server that has seen the text knows it by its digest."""

    by_text: bytes
    by_digest: bytes


@cache
def script(verb: str) -> Script:
    """`<verb>.lua` behind its parts."""
    text = b"\n".join(_file(name) for name in (*PARTS[verb], verb))
    digest = hashlib.sha1(text, usedforsecurity=False).hexdigest().encode()
    return Script(word(b"EVAL") + word(text), word(b"EVALSHA") + word(digest))


def _file(name: str) -> bytes:
    return files("asynctasq.adapters.redis").joinpath(f"{name}.lua").read_bytes()
