"""Faults, one after the other, at seeded moments: workers killed and frozen, the broker restarted and cut off."""

import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain, cycle, islice, repeat

from attrs import define, field, frozen

from tests.acceptance.brokers.proxy import Proxy
from tests.acceptance.brokers.servers import Server
from tests.acceptance.fleet import Fleet, Post
from tests.acceptance.ledger import note

Strike = Callable[[], str]
"""Does it, and returns what it was."""


@frozen
class Weather:
    """How long one freeze after the other lasts, and one cut, in lengths of a lease; then from the beginning."""

    freezes: Sequence[float]
    cuts: Sequence[float]


BRISK = Weather(freezes=(1.4, 0.2, 0.2, 0.4, 0.2, 0.2, 0.2), cuts=(1.2, 0.1, 0.1, 0.3, 0.1, 0.1, 0.1))
ROUGH = Weather(freezes=(1.4, 0.2, 0.4), cuts=(1.2, 0.1, 0.3))


@define(eq=False)
class Storm:
    """Each fault strikes while tasks run, and is followed by a calm at least as long as itself."""

    fleet: Fleet
    server: Server
    proxy: Proxy
    workers: Sequence[Post]
    rng: random.Random
    weather: Weather
    lease_seconds: float
    restart_count: int
    """How many of the faults end and start the broker."""
    struck: list[str] = field(factory=list)
    fault_seconds: float = 0.0
    calm_seconds: float = 0.0

    def blow(self, count: int) -> None:
        for strike in self._strikes(count):
            self.fleet.until(self._tasks_run, tending=self.workers)
            began = time.monotonic()
            what = strike()
            seconds = time.monotonic() - began
            self.fault_seconds += seconds
            self.struck.append(f"{what} {seconds:.2f} s")
            self._calm(max(seconds, 0.1))

    def _strikes(self, count: int) -> list[Strike]:
        restarts = [self._restart] * (self.restart_count if self.server.restarts else 0)
        freezes = (partial(self._freeze, length * self.lease_seconds) for length in cycle(self.weather.freezes))
        cuts = (partial(self._cut, length * self.lease_seconds) for length in cycle(self.weather.cuts))
        others = chain.from_iterable(zip(repeat(self._kill), freezes, cuts, strict=False))
        strikes: list[Strike] = [*restarts, *islice(others, count - len(restarts))]
        self.rng.shuffle(strikes)
        return strikes

    def _tasks_run(self) -> bool:
        ledger = self.fleet.ledger
        return len(ledger.entries("started")) > len(ledger.entries("left")) + len(ledger.entries("killed"))

    def _calm(self, seconds: float) -> None:
        self._pass(seconds)
        self.calm_seconds += seconds

    def _pass(self, seconds: float) -> None:
        """Let the fleet live on for a while."""
        ends_at = time.monotonic() + seconds
        self.fleet.until(lambda: time.monotonic() >= ends_at, tending=self.workers, within=seconds + 10)

    def _kill(self) -> str:
        victim = self.rng.choice(self.workers).process
        note("killed", pid=victim.pid)
        victim.popen.kill()
        victim.popen.wait()
        return "kill"

    def _freeze(self, seconds: float) -> str:
        victim = self.rng.choice(self.workers).process
        victim.freeze()
        self._pass(seconds)
        victim.thaw()
        return "freeze"

    def _cut(self, seconds: float) -> str:
        note("down")
        self.proxy.cut()
        self._pass(seconds)
        self.proxy.mend()
        note("up")
        return "cut"

    def _restart(self) -> str:
        self.fleet.until(self.server.settled, tending=self.workers)
        note("down")
        self.server.kill()
        self._pass(self.rng.uniform(0.0, 0.5))
        self.server.start()
        note("up")
        return "restart"
