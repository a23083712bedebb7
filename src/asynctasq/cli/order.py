"""What a command line asks of one worker process, as plain data: it also travels to the processes of a supervisor."""

import json
from collections.abc import Mapping
from typing import Any, Self

from attrs import asdict, field, frozen


@frozen(kw_only=True)
class Order:
    """`place` counts the processes of one command from 0; each answers probes on the `health_port` plus its place.

    The settings are those given as flags.
    """

    apps: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    burst: bool = False
    health_port: int | None = None
    processes: int = 1
    place: int = 0
    settings: Mapping[str, Any] = field(factory=dict[str, Any], repr=False)  # there may be secrets among them

    def dumps(self) -> bytes:
        """One line."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def loads(cls, line: bytes) -> Self:
        fields = json.loads(line)
        fields |= {name: tuple(fields[name]) for name in ("apps", "queues")}
        return cls(**fields)
