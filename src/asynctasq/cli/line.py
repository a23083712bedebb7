"""A worker process's end of the line to its supervisor: its order and stops come in, that it is ready goes out."""

import contextlib
import os
import socket
import threading
from typing import Self

from attrs import define

from asynctasq.cli.order import Order
from asynctasq.cli.stops import Stops

READY = b"r"
STOP = b"s"
ORDER_LIMIT = 1024 * 1024


@define(eq=False)
class Line:
    """Its end is the supervisor's end: however that died, the kernel closes the line."""

    _socket: socket.socket

    @classmethod
    def take(cls) -> Self:
        """From the standard input, which tasks find empty instead."""
        line = socket.socket(fileno=os.dup(0))
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        return cls(line)

    def order(self) -> Order:
        with self._socket.makefile("rb", buffering=0) as stream:
            return Order.loads(stream.readline(ORDER_LIMIT))

    def ready(self, stops: Stops) -> None:
        """Say so, and from now on pass on what the supervisor says."""
        with contextlib.suppress(OSError):
            self._socket.sendall(READY)
        threading.Thread(target=self._listen, args=(stops,), name="asynctasq-line", daemon=True).start()

    def _listen(self, stops: Stops) -> None:
        with contextlib.suppress(OSError):
            while self._socket.recv(1):
                stops.by_supervisor()
        stops.by_absence()
