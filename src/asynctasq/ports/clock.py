"""Time, for adapters that must make instants of lengths and for tests that must move it."""

from abc import ABC, abstractmethod


class Clock(ABC):
    @abstractmethod
    def now(self) -> float:
        """Seconds since a fixed instant that all users of one storage agree on."""

    @abstractmethod
    async def sleep(self, seconds: float) -> None:
        """Return once `now` has grown by `seconds`."""
