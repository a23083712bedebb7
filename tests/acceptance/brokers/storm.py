"""Faults, one after the other, at seeded moments: workers killed and frozen, the broker restarted and cut off."""

import random
import time
from collections.abc import Callable, Sequence

from attrs import define, field

from tests.acceptance.brokers.proxy import Proxy
from tests.acceptance.brokers.servers import Server
from tests.acceptance.fleet import Fleet, Post
from tests.acceptance.ledger import note


@define(eq=False)
class Storm:
    """Each fault strikes while tasks run, and is followed by a calm at least as long as itself."""

    fleet: Fleet
    server: Server
    proxy: Proxy
    workers: Sequence[Post]
    rng: random.Random
    lease_seconds: float
    restart_count: int
    """How many of the faults end and start the broker."""
    struck: list[str] = field(factory=list)
    fault_seconds: float = 0.0
    calm_seconds: float = 0.0

    def blow(self, count: int) -> None:
        kinds: list[Callable[[], None]] = [self._restart] * (self.restart_count if self.server.restarts else 0)
        kinds += [(self._kill, self._freeze, self._cut)[at % 3] for at in range(count - len(kinds))]
        self.rng.shuffle(kinds)
        for strike in kinds:
            self.fleet.until(self._tasks_run, tending=self.workers)
            began = time.monotonic()
            strike()
            seconds = time.monotonic() - began
            self.fault_seconds += seconds
            self.struck.append(f"{strike.__name__[1:]} {seconds:.2f} s")
            self._calm(max(seconds, 0.1))

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

    def _kill(self) -> None:
        victim = self.rng.choice(self.workers).process
        note("killed", pid=victim.pid)
        victim.popen.kill()
        victim.popen.wait()

    def _freeze(self) -> None:
        victim = self.rng.choice(self.workers).process
        victim.freeze()
        self._pass(self.rng.choice([0.2, 0.4, 1.4]) * self.lease_seconds)
        victim.thaw()

    def _cut(self) -> None:
        note("down")
        self.proxy.cut()
        self._pass(self.rng.choice([0.1, 0.3, 1.2]) * self.lease_seconds)
        self.proxy.mend()
        note("up")

    def _restart(self) -> None:
        self.fleet.until(self.server.settled, tending=self.workers)
        note("down")
        self.server.kill()
        self._pass(self.rng.uniform(0.0, 0.5))
        self.server.start()
        note("up")
