"""How one worker is to run."""

import os
import socket

from attrs import field, frozen, validators

from asynctasq.app.routes import Driver


def _own_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


@frozen(kw_only=True)
class WorkerOptions:
    """`queues` empty means: the default queue, those of all known tasks, and every queue that holds messages.

    A `burst` worker ends once its queues gave nothing for two waits and nothing runs. Durations are seconds.
    """

    queues: tuple[str, ...] = ()
    driver: Driver = None
    concurrency: int = field(default=10, validator=validators.ge(1))
    child_count: int = field(factory=lambda: os.cpu_count() or 1, validator=validators.ge(1))
    lease_seconds: float = field(default=30.0, validator=validators.ge(1))
    shutdown_timeout: float = field(default=25.0, validator=validators.ge(0))
    burst: bool = False
    name: str = field(factory=_own_name)
