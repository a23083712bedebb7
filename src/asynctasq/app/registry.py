"""Every task that this process has defined, by name."""

from collections.abc import Callable

from asynctasq.app.definition import TaskDefinition


class Registry:
    """Where a name is defined twice the last definition wins, as it does for Python's own names."""

    def __init__(self) -> None:
        self._definitions: dict[str, TaskDefinition] = {}

    def add(self, definition: TaskDefinition) -> None:
        self._definitions[definition.name] = definition

    def get(self, name: str) -> TaskDefinition | None:
        return self._definitions.get(name)

    def names(self) -> list[str]:
        return sorted(self._definitions)

    def queues(self) -> list[str]:
        """The queues that tasks name for themselves, in alphabetical order."""
        given = (definition.config.get("queue") for definition in list(self._definitions.values()))
        return sorted({queue for queue in given if queue is not None})

    def discard(self, unwanted: Callable[[str], bool]) -> None:
        """Forget the definitions whose names are unwanted."""
        for name in filter(unwanted, self.names()):
            del self._definitions[name]


default = Registry()
