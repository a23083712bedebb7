"""Where events go."""

from abc import abstractmethod
from collections.abc import Sequence

from asynctasq.domain.events import Event
from asynctasq.ports.resource import Resource


class EventSink(Resource):
    """Hears of everything, may miss anything, disturbs nothing."""

    @abstractmethod
    async def publish(self, events: Sequence[Event]) -> None:
        """Pass the events on or drop them; raises nothing and never makes its caller wait for long."""
