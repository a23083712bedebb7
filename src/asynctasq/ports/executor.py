"""Where a task runs: on the loop, in a thread, in a child process."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any

from attrs import define, field

from asynctasq.domain.outcome import Outcome
from asynctasq.ports.resource import Resource


@define(eq=False)
class Call:
    """A function and the plain data that it gets. It answers with an outcome and lets no exception out.

    For an executor that leaves the process, `function` must be importable by its qualified name and `argument`
    plain data; an executor that runs coroutines gets a coroutine function, any other a plain one.
    """

    function: Callable[[Any], Outcome | Awaitable[Outcome]]
    argument: Any
    timeout_seconds: float | None = field(default=None, kw_only=True)


class Executor(Resource):
    """Runs calls side by side, as many as it has slots for; more of them wait for one."""

    @abstractmethod
    async def run(self, call: Call) -> Outcome:
        """The call's own outcome, or TimedOut once it has run (not waited) for longer than its timeout.

        Whatever escapes from the function, `SystemExit` and the death of a child included, comes back as Failed.
        Cancelling `run` stops the call where that is possible, and otherwise abandons it.
        """

    @abstractmethod
    async def vacated(self, call: Call) -> None:
        """Return once nothing of `call` runs any more: only an abandoned thread outlives its `run`."""
