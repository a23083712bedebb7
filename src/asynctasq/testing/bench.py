"""What an adapter author provides so that the contracts can try a queue: six things a test does to a broker."""

import asyncio
from abc import ABC, abstractmethod

from asynctasq.ports.queue import Queue


class QueueBench(ABC):
    """One storage and what happens to it. All methods run on one event loop, which belongs to the contract.

    A bench is made without arguments, once per test; one for a state machine serves many examples, each of which
    begins with `reset()`. Give the clients a `ManualClock` if the adapter makes its own instants, so that tests take
    no time. A client that polls for what others wrote polls in real time whatever its clock says: time stands still
    while nobody advances it.

    An instant belongs to what comes after it: at its due instant a message is due, at its end a lease has ended.
    """

    resolution_seconds: float = 0.0
    """How exactly an instant can be hit: 0 where the bench sets the clock, about 0.05 where a server has its own."""

    @property
    def unit_seconds(self) -> float:
        """The contracts measure every delay, lease and wait in whole units, and look half a unit away from its end."""
        return 4 * self.resolution_seconds or 1.0

    @abstractmethod
    async def open(self) -> Queue:
        """A new client, opened, on the storage that all clients of this bench share."""

    @abstractmethod
    async def crash(self, client: Queue) -> None:
        """Leave the storage as if the client's process had been killed. The client is not used again, only closed."""

    @abstractmethod
    async def advance(self, seconds: float) -> None:
        """Let this much time pass for the storage, or wait for it in earnest."""

    @abstractmethod
    async def inject(self, queue: str, data: bytes) -> None:
        """Put a message on the queue beside the API whose header, as stored, is `data`."""

    @abstractmethod
    async def reset(self) -> None:
        """Empty the storage. Clients that are open stay usable."""

    @abstractmethod
    async def close(self) -> None:
        """Remove what the bench made; all clients are closed by now."""

    async def rest(self) -> None:
        """Return when every call under way has ended or waits for time or news; a real pause unless overridden."""
        await asyncio.sleep(max(0.02, self.resolution_seconds))
