"""What comes out of a queue, and who asked for it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import define, field

from asynctasq.adapters.rabbitmq.frames import Content

if TYPE_CHECKING:
    from asynctasq.adapters.rabbitmq.channel import Channel


@define(eq=False)
class Subscription:
    """A consumer as its channel knows it. Its tag has two dots and ends with the name of the queue.

    `sink` is given None when nothing more will come, for whatever reason.
    """

    queue: str
    tag: str
    sink: "Callable[[Delivery | None], None]"
    unsettled_count: int = field(init=False, default=0)


@define(eq=False)
class Delivery:
    """`queue` is what was named when it was asked for, `return_count` how often it was delivered in vain."""

    channel: "Channel"
    tag: int
    queue: str
    id: str | None
    return_count: int
    body: bytes
    subscription: Subscription | None = None

    @property
    def live(self) -> bool:
        return self.tag in self.channel.unsettled

    def astray(self) -> None:
        """Nobody waits for it any more: whoever asks next gets it."""
        if self.live:
            self.channel.strays.append(self)


@define
class Incoming:
    """A message whose content has not all come yet."""

    arrive: Callable[[Content, bytes], None]
    content: Content | None = None
    parts: list[bytes] = field(factory=list[bytes])
    missing: int = 0
