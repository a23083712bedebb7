"""Our names of queues and those that SQS allows: letters, digits, `-` and `_`, 80 of them, and no dot."""

from attrs import frozen

OUR_PREFIX = "asynctasq-"
LONGEST_NAME = 80

_DOT = "-_"
_DEAD = "_dead-"
"""No queue's own name begins with an underscore."""


@frozen
class Names:
    """`prefix` is what tells our queues from others."""

    prefix: str = OUR_PREFIX

    def live(self, queue: str) -> str:
        return f"{self.prefix}{queue.replace('.', _DOT)}"

    def dead(self, queue: str) -> str:
        """Where the dead letters of a queue lie."""
        return f"{self.prefix}{_DEAD}{queue.replace('.', _DOT)}"

    def objection(self, queue: str) -> str | None:
        """Why SQS can have no queue of this name."""
        if _DOT in queue:
            return f"queue {queue!r}: SQS allows no dot in a name, {_DOT!r} stands for it and cannot be used itself"
        name = self.dead(queue)
        if len(name) > LONGEST_NAME:
            text = f"{name!r} has {len(name)} characters, SQS allows {LONGEST_NAME} (a dot counts for two)"
            return f"queue {queue!r}: {text}"
        return None

    def owner(self, name: str) -> tuple[str, bool] | None:
        """Our name of a queue on SQS, and whether it holds dead letters; None if it is not ours."""
        if not name.startswith(self.prefix):
            return None
        rest = name.removeprefix(self.prefix)
        queue = rest.removeprefix(_DEAD).replace(_DOT, ".")
        return (queue, rest.startswith(_DEAD)) if queue else None
