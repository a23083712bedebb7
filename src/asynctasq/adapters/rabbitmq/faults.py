"""Why the server closed a channel."""

from asynctasq.domain.errors import Unavailable

NOT_FOUND = 404
RESOURCE_LOCKED = 405
PRECONDITION_FAILED = 406


class ChannelLost(Unavailable):
    """The connection lives on."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code
