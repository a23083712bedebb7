"""Whatever owns a connection."""

from abc import ABC, abstractmethod


class Resource(ABC):
    """Constructors are cheap and inert: nothing connects before `open`."""

    @abstractmethod
    async def open(self) -> None:
        """Connect. Raises `Unavailable` if nobody answers, and may then be called again."""

    @abstractmethod
    async def close(self) -> None:
        """Let everything go. Closing twice, or unopened, is fine; any other call after it raises `Closed`."""

    @abstractmethod
    async def ping(self) -> None:
        """Return if the other side answers, else raise `Unavailable`."""
