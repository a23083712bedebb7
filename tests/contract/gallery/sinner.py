"""What all sinners have in common: their sin is declared, and their memory has room for notes."""

from typing import ClassVar

from asynctasq.adapters.memory.queue import MemoryQueue
from asynctasq.adapters.memory.storage import MemoryStorage

SINNERS: list[type["Sinner"]] = []


class Notebook(MemoryStorage):
    """A storage in which sinners take their notes."""

    def __init__(self) -> None:
        super().__init__()
        self.real_priorities: dict[str, int] = {}
        self.old_tokens: dict[str, str] = {}


class Sinner(MemoryQueue):
    """Names the promises that it breaks; the contract must find those and no others."""

    breaks: ClassVar[tuple[int, ...]]
    seen_by_machine: ClassVar[bool]

    def __init_subclass__(cls, *, breaks: tuple[int, ...] | int, seen_by_machine: bool) -> None:
        cls.breaks = breaks if isinstance(breaks, tuple) else (breaks,)
        cls.seen_by_machine = seen_by_machine
        SINNERS.append(cls)

    def crash(self):
        """What the bench does to it when its process dies."""
