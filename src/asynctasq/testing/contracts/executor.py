"""The promises of the port `Executor`. Its calls take real time, so lengths are short and margins wide."""

import asyncio
import time
from abc import abstractmethod
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from pathlib import Path
from typing import Any, ClassVar, ParamSpec

import pytest

from asynctasq.domain.errors import Closed
from asynctasq.domain.outcome import Failed, Snoozed, Succeeded, TimedOut
from asynctasq.ports.executor import Call, Executor
from asynctasq.testing.contracts.calls import PAUSE_SECONDS, Calls
from asynctasq.testing.contracts.promise import Contract

SHORT_SECONDS = PAUSE_SECONDS / 6
MANY = 100

P = ParamSpec("P")


def _on_a_loop(scenario: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    @wraps(scenario)
    def test(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(scenario(*args, **kwargs))

    return test


class ExecutorContract(Contract):
    """Subclass it once per executor: `calls` is COROUTINES or PLAIN, whichever kind of function it runs."""

    calls: ClassVar[Calls]

    @abstractmethod
    def executor(self, slots: int) -> Executor:
        """A new one, not opened, for so many calls side by side."""

    @_on_a_loop
    async def test_the_outcome_of_the_call_comes_back(self) -> None:
        async with self._opened() as executor:
            outcome = await executor.run(Call(self.calls.answer, 12.5))

        assert outcome == Snoozed(12.5)

    @_on_a_loop
    async def test_many_calls_beyond_the_slots_each_get_their_own_outcome(self) -> None:
        async with self._opened() as executor:
            calls = [Call(self.calls.answer, float(number)) for number in range(MANY)]
            outcomes = await asyncio.gather(*(executor.run(call) for call in calls))

        assert outcomes == [Snoozed(float(number)) for number in range(MANY)]

    @_on_a_loop
    async def test_calls_run_side_by_side(self) -> None:
        async with self._opened(slots=4) as executor:
            await asyncio.gather(*(executor.run(Call(self.calls.answer, 0.0)) for _ in range(4)))
            start = time.monotonic()
            await asyncio.gather(*(executor.run(Call(self.calls.pause, None)) for _ in range(4)))
            elapsed_seconds = time.monotonic() - start

        assert elapsed_seconds < 3 * PAUSE_SECONDS

    @_on_a_loop
    async def test_a_call_that_runs_longer_than_its_timeout_is_timed_out(self) -> None:
        async with self._opened() as executor:
            outcome = await executor.run(Call(self.calls.pause, None, timeout_seconds=SHORT_SECONDS))

        assert isinstance(outcome, TimedOut)

    @_on_a_loop
    async def test_a_timeout_counts_the_time_that_a_call_runs_and_not_that_it_waits(self) -> None:
        async with self._opened(slots=1) as executor:
            calls = [Call(self.calls.pause, None, timeout_seconds=1.7 * PAUSE_SECONDS) for _ in range(3)]
            outcomes = await asyncio.gather(*(executor.run(call) for call in calls))

        assert outcomes == [Succeeded()] * 3

    @_on_a_loop
    async def test_whatever_escapes_from_the_function_is_a_failure(self) -> None:
        async with self._opened() as executor:
            outcomes = [await executor.run(Call(escape, None)) for escape in self.calls.escapes]

        assert [type(outcome) for outcome in outcomes] == [Failed] * len(outcomes)

    @_on_a_loop
    async def test_an_executor_outlives_whatever_escapes(self) -> None:
        async with self._opened() as executor:
            calls = [Call(escape, None) for escape in self.calls.escapes * 5]
            await asyncio.gather(*(executor.run(call) for call in calls))
            outcome = await executor.run(Call(self.calls.answer, 1.0))

        assert outcome == Snoozed(1.0)

    @_on_a_loop
    async def test_cancelling_run_does_not_wait_for_the_call(self) -> None:
        async with self._opened() as executor:
            await executor.run(Call(self.calls.answer, 0.0))
            start = time.monotonic()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(executor.run(Call(self.calls.pause, None)), SHORT_SECONDS)
            elapsed_seconds = time.monotonic() - start

        assert elapsed_seconds < PAUSE_SECONDS

    @_on_a_loop
    async def test_a_call_that_still_waits_when_it_is_cancelled_never_runs(self, tmp_path: Path) -> None:
        left = tmp_path / "left"

        async with self._opened(slots=1) as executor:
            first = Call(self.calls.pause, None)
            running = asyncio.create_task(executor.run(first))
            await asyncio.sleep(SHORT_SECONDS)
            waiting = asyncio.create_task(executor.run(Call(self.calls.pause, str(left))))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting, running])
            await asyncio.sleep(1.5 * PAUSE_SECONDS)

        assert waiting.cancelled()
        assert not left.exists()

    @_on_a_loop
    async def test_nothing_of_a_call_runs_once_it_is_vacated(self, tmp_path: Path) -> None:
        left = tmp_path / "left"

        async with self._opened() as executor:
            call = Call(self.calls.pause, str(left), timeout_seconds=SHORT_SECONDS)
            await executor.run(call)
            await executor.vacated(call)
            at_once = left.exists()
            await asyncio.sleep(1.5 * PAUSE_SECONDS)

        assert left.exists() == at_once

    @_on_a_loop
    async def test_a_call_that_ended_by_itself_is_vacated_at_once(self) -> None:
        async with self._opened() as executor:
            call = Call(self.calls.answer, 1.0)
            await executor.run(call)
            await asyncio.wait_for(executor.vacated(call), PAUSE_SECONDS)

    @_on_a_loop
    async def test_a_slot_is_free_again_after_a_timeout(self) -> None:
        async with self._opened(slots=1) as executor:
            call = Call(self.calls.pause, None, timeout_seconds=SHORT_SECONDS)
            outcomes = [await executor.run(call) for _ in range(3)]
            last = await executor.run(Call(self.calls.answer, 1.0))

        assert {type(outcome) for outcome in outcomes} == {TimedOut}
        assert last == Snoozed(1.0)

    @_on_a_loop
    async def test_close_twice_is_fine_and_a_call_after_it_raises_closed(self) -> None:
        async with self._opened() as executor:
            await executor.close()

        with pytest.raises(Closed):
            await executor.run(Call(self.calls.answer, 1.0))

    @asynccontextmanager
    async def _opened(self, slots: int = 4) -> AsyncGenerator[Executor]:
        executor = self.executor(slots)
        await executor.open()
        try:
            yield executor
        finally:
            await executor.close()
