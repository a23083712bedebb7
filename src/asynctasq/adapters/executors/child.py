"""What a child process is: it takes one call at a time from its standard input, answers it, and ends with its parent.

A frame is a length and data. Each call is answered by an empty frame when it begins, then by its outcome.
"""

import contextlib
import contextvars
import ctypes
import io
import os
import pickle
import select
import signal
import socket
import sys
import threading

from asynctasq.domain.outcome import ErrorInfo, Failed

LENGTH_BYTES = 8
BEGUN = b""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_PR_SET_PDEATHSIG = 1


def framed(data: bytes) -> bytes:
    """As it goes over the line, in either direction."""
    return len(data).to_bytes(LENGTH_BYTES, "big") + data


def main() -> None:
    """Serve until the parent closes the line or is gone. The first frame is where it imports from."""
    for number in _SIGNALS:
        signal.signal(number, _heed_not)
    _die_with_parent()
    line = _take_line()
    os.register_at_fork(after_in_child=lambda: _be_an_ordinary_process(line))
    threading.Thread(target=_end_with, args=(line,), name="asynctasq-line", daemon=True).start()
    with contextlib.suppress(OSError), line.makefile("rb") as frames:
        sys.path[:] = pickle.loads(_heard(frames))  # noqa: S301 - it is the parent that speaks
        while call := _heard(frames):
            line.sendall(framed(BEGUN))
            answer = _answer(call)
            _flush()
            line.sendall(framed(answer))
    os._exit(0)


def _heed_not(*_: object) -> None:
    """Ctrl-C reaches the whole group, but how long a task may go on is for the parent to say.

    A handler, because what is ignored would stay so in the programs that a task starts.
    """


def _die_with_parent() -> None:
    """Where the kernel sees to it, even C code that never lets go of the interpreter's lock ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _take_line() -> socket.socket:
    """The line to the parent. What a task reads from its standard input is empty, what it prints goes out by lines.

    By whole ones, whatever `PYTHONUNBUFFERED` says, because many processes write there.
    """
    line = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True, write_through=False)
    return line


def _be_an_ordinary_process(line: socket.socket) -> None:
    """Whatever a task forks ends by the usual signals, and does not keep the line open when this process is gone."""
    os.close(line.detach())  # `close` would leave it open for the file that reads from it
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def _end_with(line: socket.socket) -> None:
    """Once the parent is gone nobody would hear an answer. What it says meanwhile is not for this thread."""
    hang_up = select.poll()
    hang_up.register(line, 0)
    hang_up.poll()
    os._exit(0)


def _heard(frames: io.BufferedReader) -> bytes:
    """The next frame, nothing if there will be none."""
    length = frames.read(LENGTH_BYTES)
    return frames.read(int.from_bytes(length, "big"))


def _answer(call: bytes) -> bytes:
    try:
        function, argument = pickle.loads(call)  # noqa: S301
        return pickle.dumps(contextvars.Context().run(function, argument))
    except BaseException as error:  # noqa: BLE001 - even SystemExit must not end the child
        return pickle.dumps(Failed(ErrorInfo.of(error).storable()))


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()


if __name__ == "__main__":
    main()
