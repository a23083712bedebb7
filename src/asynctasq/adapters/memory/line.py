"""An ordered line that can be left from anywhere in constant time."""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush

Place = tuple[tuple[float, ...], str]


class Line:
    """Ids in the order of their keys.

    Who leaves keeps a void place until that comes first or the void ones outnumber the others, so that every
    step costs O(log n) and memory follows the number of ids in line.
    """

    def __init__(self) -> None:
        self._heap: list[Place] = []
        self._places: dict[str, Place] = {}

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def join(self, id: str, key: tuple[float, ...]) -> None:
        place = self._places[id] = (key, id)
        heappush(self._heap, place)

    def leave(self, id: str) -> None:
        del self._places[id]
        if len(self._heap) > 2 * len(self._places) + 64:
            self._heap = list(self._places.values())
            heapify(self._heap)

    def first(self) -> Place | None:
        """The smallest key and its id."""
        while self._heap and self._places.get(self._heap[0][1]) is not self._heap[0]:
            heappop(self._heap)
        return self._heap[0] if self._heap else None
