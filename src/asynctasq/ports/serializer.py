"""Values to bytes and back."""

from abc import ABC, abstractmethod
from typing import Any


class Serializer(ABC):
    """What `loads` gives equals what `dumps` got, in value and in type; user data never acts as a marker."""

    content_type: str

    @abstractmethod
    def dumps(self, value: Any) -> bytes:
        """Raises `NotSendable` with the path to the first value that cannot travel, as in `[1]['user']`."""

    @abstractmethod
    def loads(self, data: bytes) -> Any:
        """Raises `ValueError` for bytes that `dumps` cannot have written. Executes nothing found in them.

        A type that the bytes name and that is not there raises `LookupError`: a newer version may know it.
        """
