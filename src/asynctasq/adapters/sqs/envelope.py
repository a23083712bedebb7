"""A message as the text that SQS takes: a line of facts that copies rewrite, the header, the body in Base64."""

import base64
import binascii
import json
import math
from typing import Any

from attrs import field, frozen

from asynctasq.domain.lease import Defect
from asynctasq.domain.message import Message
from asynctasq.domain.wire import dumps_header, loads_message

VERSION = 1
FACTS = 6
LONGEST_HOP_SECONDS = 900
LONGEST_DELAY_SECONDS = 100 * 365 * 86400


@frozen
class Facts:
    """What SQS cannot keep for us. `later_seconds` is what is left of a delay that is longer than SQS's longest.

    `attempts` are those before this copy was sent; SQS counts those since.
    """

    id: str
    attempts: int = field(default=0, kw_only=True)
    failures: int = field(default=0, kw_only=True)
    skewed_seconds: float = field(default=0.0, kw_only=True)
    later_seconds: float = field(default=0.0, kw_only=True)


def pack(facts: Facts, message: Message) -> str:
    """The queue and the delay are not in it."""
    return f"{_line(VERSION, facts)}\n{dumps_header(message).decode()}\n{base64.b64encode(message.body).decode()}"


def repack(text: str, facts: Facts) -> str:
    """A copy with other facts. What is none of ours stays as it is."""
    line, _, rest = text.partition("\n")
    known = _fields(line)
    if known is None:
        return text
    version, *others = known
    return f"{_line(version, facts, others[FACTS - 1 :])}\n{rest}"


def unpack(text: str, *, id: str, queue: str) -> tuple[Facts, Message, Defect | None]:
    """Never raises: what cannot be read comes with a defect, and with `id` if it has none of its own."""
    line, _, rest = text.partition("\n")
    header, _, body = rest.partition("\n")
    facts = _facts(line)
    if facts is None:
        message = Message(id, queue, task="", body=text.encode(errors="replace"))
        return Facts(id), message, Defect("it was not sent by AsyncTasQ")
    try:
        content = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        message = Message(facts.id, queue, task="", body=body.encode(errors="replace"))
        return facts, message, Defect(f"the body cannot be read: {error}")
    message, defect = loads_message(facts.id, queue, header.encode(errors="replace"), content)
    return facts, message, _newer(line) or defect


def is_ours(text: str) -> bool:
    """Whether its facts can be read and rewritten."""
    return _facts(text.partition("\n")[0]) is not None


def hop(delay_seconds: float) -> tuple[int, int]:
    """A delay, in whole seconds and never shorter, as the part that SQS waits for and what is left for later copies."""
    # A policy may grow a delay beyond every number.
    seconds = math.ceil(max(0.0, min(delay_seconds, LONGEST_DELAY_SECONDS)))
    return min(seconds, LONGEST_HOP_SECONDS), max(0, seconds - LONGEST_HOP_SECONDS)


def _line(version: int, facts: Facts, more: list[Any] | None = None) -> str:
    counts = (facts.attempts, facts.failures, facts.skewed_seconds, facts.later_seconds)
    return json.dumps([version, facts.id, *counts, *(more or [])], separators=(",", ":"))


def _fields(line: str) -> list[Any] | None:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, list) and _facts_of(fields) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - JSON


def _facts(line: str) -> Facts | None:
    fields = _fields(line)
    return _facts_of(fields) if fields else None


def _facts_of(fields: list[Any]) -> Facts | None:
    """Later versions may add fields, and keep these."""
    match fields:
        case [
            int(),
            str() as id,
            int() as attempts,
            int() as failures,
            int() | float() as skewed,
            int() | float() as later,
            *_,
        ]:
            return Facts(id, attempts=attempts, failures=failures, skewed_seconds=skewed, later_seconds=later)
        case _:
            return None


def _newer(line: str) -> Defect | None:
    version = (_fields(line) or [VERSION])[0]
    if version <= VERSION:
        return None
    return Defect(f"the message has version {version}, this worker reads up to {VERSION}", "newer")
