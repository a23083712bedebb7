"""What child processes promise beyond the contract of executors."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from asynctasq.adapters.executors.memory import MEGABYTE
from asynctasq.adapters.executors.process import ProcessExecutor
from asynctasq.domain.outcome import Failed, Outcome, Rejected, Snoozed, Succeeded
from asynctasq.ports.executor import Call
from tests.unit.adapters import chores


@asynccontextmanager
async def opened(size: int = 1, **options) -> AsyncGenerator[ProcessExecutor]:
    executor = ProcessExecutor(size, **options)
    await executor.open()
    try:
        yield executor
    finally:
        await executor.close()


def text(outcome: Outcome) -> str:
    assert isinstance(outcome, Failed | Rejected)
    return outcome.error.message


async def pid_in(executor: ProcessExecutor) -> int:
    outcome = await executor.run(Call(chores.tell_pid, None))
    assert isinstance(outcome, Snoozed)
    return int(outcome.delay_seconds)


async def pid_of_another_task_in(executor: ProcessExecutor) -> int:
    return await asyncio.create_task(pid_in(executor))


def test_no_child_is_started_before_the_first_call():
    async def scenario():
        async with opened(2) as executor:
            return executor._children.copy()

    assert asyncio.run(scenario()) == set()


def test_a_child_is_used_again_and_replaced_after_as_many_tasks_as_it_may_do():
    async def scenario():
        async with opened(max_tasks_per_child=2) as executor:
            return [await pid_of_another_task_in(executor) for _ in range(4)]

    first, second, third, fourth = asyncio.run(scenario())
    assert first == second != third == fourth


def test_a_child_that_keeps_too_much_memory_is_replaced_after_its_task():
    async def keep(executor: ProcessExecutor, byte_count: int) -> Outcome:
        return await executor.run(Call(chores.keep_memory, byte_count))

    async def scenario():
        async with opened(max_rss_mb=100) as executor:
            return [await asyncio.create_task(keep(executor, size)) for size in (1, 1, 100 * MEGABYTE, 1)]

    first, second, large, after = asyncio.run(scenario())
    assert first == second == large != after


def test_what_a_task_calls_at_once_runs_where_its_last_call_ran_even_if_others_wait():
    async def remember(executor, words):
        await executor.run(Call(chores.remember, words))
        return text(await executor.run(Call(chores.recall, None)))

    async def scenario():
        async with opened(max_tasks_per_child=1) as executor:
            return await asyncio.gather(*(remember(executor, words) for words in "abc"))

    assert asyncio.run(scenario()) == ["a", "b", "c"]


def test_a_child_that_died_idle_fails_no_call():
    async def scenario():
        async with opened() as executor:
            os.kill(await pid_of_another_task_in(executor), signal.SIGKILL)
            return await executor.run(Call(chores.remember, ""))

    assert asyncio.run(scenario()) == Succeeded()


def test_a_child_that_dies_of_its_argument_fails_that_call_alone():
    async def scenario():
        async with opened() as executor:
            lost = await executor.run(Call(chores.remember, chores.Deadly()))
            return lost, await executor.run(Call(chores.remember, ""))

    lost, after = asyncio.run(scenario())
    assert text(lost).endswith("ended with status 3")
    assert after == Succeeded()


def test_a_fork_that_outlives_its_child_does_not_hide_that_death(tmp_path: Path):
    file = tmp_path / "pid"

    async def scenario():
        async with opened() as executor:
            return await executor.run(Call(chores.leave_a_fork_behind, str(file)))

    lost = asyncio.run(scenario())
    os.kill(int(file.read_text()), signal.SIGTERM)
    assert text(lost).endswith("ended with status 7")


def test_a_program_that_a_task_starts_can_be_terminated():
    async def scenario():
        async with opened() as executor:
            return await executor.run(Call(chores.end_a_program, None))

    assert asyncio.run(scenario()) == Snoozed(signal.SIGTERM)


def test_an_answer_of_ten_megabytes_comes_back_whole():
    async def scenario():
        async with opened() as executor:
            return await executor.run(Call(chores.talk_at_length, None))

    assert len(text(asyncio.run(scenario()))) == chores.TEN_MEGABYTES


def test_what_a_task_prints_is_on_the_console_when_it_ends(capfd):
    async def scenario():
        async with opened() as executor:
            await executor.run(Call(chores.print_a_storm, 100_000))
            return capfd.readouterr().out.splitlines()

    lines = asyncio.run(scenario())
    assert lines == [*(f"storm {number}" for number in range(100_000)), "no end of line"]


def test_standard_input_is_empty_in_a_child():
    async def scenario():
        async with opened() as executor:
            return await executor.run(Call(chores.ask_for_input, None))

    assert text(asyncio.run(scenario())) == ""


def test_a_child_that_cannot_be_prepared_fails_the_call_with_that_reason():
    async def scenario():
        async with opened(prepare=Call(chores.refuse, None)) as executor:
            return [await executor.run(Call(chores.remember, "")) for _ in range(2)]

    assert asyncio.run(scenario()) == [chores.REFUSAL, chores.REFUSAL]


def test_nothing_is_left_after_the_close():
    async def scenario():
        async with opened(2) as executor:
            return await asyncio.gather(pid_in(executor), pid_in(executor))

    pids = asyncio.run(scenario())
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
