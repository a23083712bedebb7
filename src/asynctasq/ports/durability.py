"""What a queue can say of how its server keeps what it was given."""

from abc import ABC, abstractmethod
from collections.abc import Sequence


class Durability(ABC):
    """For queues whose promise depends on how somebody has set up a server; `asynctasq doctor` and the banner ask."""

    @abstractmethod
    async def durability(self) -> Sequence[str]:
        """What could lose tasks, one sentence each that says what to set instead; empty if all is well.

        Asked on an open queue; raises what its verbs raise.
        """
