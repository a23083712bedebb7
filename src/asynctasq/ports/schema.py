"""The tables of a queue whose server wants them made beforehand."""

from abc import ABC, abstractmethod
from collections.abc import Sequence


class Schema(ABC):
    """The tables of a queue whose server wants them made beforehand.

    Like a queue's, its constructor is inert; each call connects for itself and leaves no connection behind.
    Raises `Unavailable` if nobody answers, and `ConfigurationError` for what only a person can mend.
    """

    @abstractmethod
    async def pending(self, *, force: bool = False) -> Sequence[str]:
        """The statements that `migrate` would run now, in order; none when the schema is up to date."""

    @abstractmethod
    async def migrate(self, *, force: bool = False) -> Sequence[str]:
        """Run and return them, each version in one transaction where the server allows.

        Safe to repeat and to run twice at once. Refuses (`ConfigurationError` naming --force) a table of the given
        name that it did not make, unless `force` adopts it.
        """
