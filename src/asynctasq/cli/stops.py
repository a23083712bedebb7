"""Who asked a worker process to stop, and how often."""

import itertools
from collections.abc import Callable, Iterator

from attrs import define, field


def _counter() -> Iterator[int]:
    return itertools.count(1)


@define(eq=False)
class Stops:
    """The first request stops the worker, whoever makes it; one who asks again is in a hurry, once.

    Ctrl-C, and a process manager that signals a whole group, reach a worker as well as its supervisor, which then
    asks too. That is one stop, so each asker is counted apart. Any thread and any signal handler may ask, even inside
    of each other, so nothing here takes two steps: `next` on these counters is one.
    """

    stop: Callable[[], None]
    _all: Iterator[int] = field(init=False, factory=_counter)
    _signals: Iterator[int] = field(init=False, factory=_counter)
    _words: Iterator[int] = field(init=False, factory=_counter)
    _hurries: Iterator[int] = field(init=False, factory=_counter)

    def by_signal(self) -> None:
        self._heed(self._signals)

    def by_supervisor(self) -> None:
        self._heed(self._words)

    def by_absence(self) -> None:
        """There is no supervisor any more: that is no reason to hurry."""
        self._heed(_counter())

    def _heed(self, asker: Iterator[int]) -> None:
        first, again = next(self._all) == 1, next(asker) == 2  # noqa: PLR2004 - the second time
        if first or (again and next(self._hurries) == 1):
            self.stop()
