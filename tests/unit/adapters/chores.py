"""What children are given to do: top-level functions of a module that they can import."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from asynctasq.domain.outcome import ErrorInfo, Failed, Outcome, Rejected, Snoozed, Succeeded

TEN_MEGABYTES = 10_000_000
FORKED_SECONDS = 30
REFUSAL = Failed(ErrorInfo("Refusal", "not in this process"))

_last_words = ""
_kept: list[bytearray] = []


def tell_pid(_: object) -> Outcome:
    return Snoozed(os.getpid())


def remember(words: str) -> Outcome:
    global _last_words  # noqa: PLW0603 - what a child keeps is the question
    _last_words = words
    return Succeeded()


def recall(_: object) -> Outcome:
    return Rejected(ErrorInfo("Recalled", _last_words))


def keep_memory(byte_count: int) -> Outcome:
    """A library that leaks; the zeros are written, so the memory is really taken."""
    _kept.append(bytearray(b"\1") * byte_count)
    return Snoozed(os.getpid())


def talk_at_length(_: object) -> Outcome:
    return Rejected(ErrorInfo("Long", "x" * TEN_MEGABYTES))


def print_a_storm(line_count: int) -> Outcome:
    for number in range(line_count):
        print("storm", number)
    sys.stdout.write("no end of line")
    return Succeeded()


def ask_for_input(_: object) -> Outcome:
    return Rejected(ErrorInfo("Heard", sys.stdin.read()))


def leave_a_fork_behind(path: str) -> Outcome:
    """A grandchild lives on when the child is gone."""
    if pid := os.fork():
        Path(path).write_text(str(pid))
        os._exit(7)
    signal.alarm(FORKED_SECONDS)
    signal.pause()
    return Succeeded()


def end_a_program(_: object) -> Outcome:
    with subprocess.Popen(["sleep", "60"]) as program:
        program.terminate()
        return Snoozed(-program.wait(timeout=5))


def die_unread() -> object:
    os._exit(3)


class Deadly:
    """Whoever reads this dies of it."""

    def __reduce__(self):
        return die_unread, ()


def refuse(_: object) -> Outcome:
    return REFUSAL
