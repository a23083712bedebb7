"""What an adapter author provides so that the contract of `ModelLoader` can try it."""

from abc import ABC, abstractmethod
from typing import Any

import pytest

from asynctasq.ports.models import ModelLoader


class ModelBench(ABC):
    """A database with three kinds of rows, and what a test does to them. Everything runs on one loop, once per test."""

    @abstractmethod
    async def open(self) -> None:
        """Make the tables, empty."""

    @abstractmethod
    async def close(self) -> None:
        """Drop them, and close every connection."""

    @abstractmethod
    def loader(self) -> ModelLoader:
        """A new one, which finds the tables."""

    @abstractmethod
    def unsaved(self) -> Any:
        """An instance that no row stands for."""

    @abstractmethod
    async def save(self, text: str) -> Any:
        """A new row with this text, as an instance that its session, if any, has let go of."""

    @abstractmethod
    async def save_other(self, text: str) -> Any:
        """The same of another class."""

    @abstractmethod
    async def save_heir(self, text: str) -> Any:
        """The same of a class that inherits from that of `save` and has a table of its own, or as the ORM has it."""

    async def save_composite(self, text: str) -> Any:
        """The same of a class with a key of several columns."""
        pytest.skip(f"this ORM has no composite keys ({text!r})")

    @abstractmethod
    def text(self, instance: Any) -> str:
        """What a row says; asks no database."""

    @abstractmethod
    async def change(self, instance: Any, text: str) -> None:
        """Change the row behind an instance, in another session."""

    @abstractmethod
    async def delete(self, instance: Any) -> None:
        """Delete the row behind an instance, in another session."""

    @abstractmethod
    async def befriend(self, instance: Any, other: Any) -> None:
        """Let the row of `save` point to one of `save_other`."""

    @abstractmethod
    async def friend(self, instance: Any) -> Any:
        """The row that it points to, loaded now, by whatever means the ORM has for this."""

    @abstractmethod
    async def queries(self) -> int:
        """How many statements have asked for rows or changed them since the tables were made."""

    @abstractmethod
    def sessions(self) -> int:
        """How many sessions or transactions are open; 0 where an ORM has neither."""

    @abstractmethod
    async def go_away(self) -> None:
        """Have the database give no answer from now on."""
