"""The executors keep every promise."""

from asynctasq.adapters.executors.loop import LoopExecutor
from asynctasq.adapters.executors.process import ProcessExecutor
from asynctasq.adapters.executors.thread import ThreadExecutor
from asynctasq.ports.executor import Call, Executor
from asynctasq.testing.contracts import ExecutorContract
from asynctasq.testing.contracts.calls import COROUTINES, PLAIN


class TestLoopExecutor(ExecutorContract):
    calls = COROUTINES

    def executor(self, slots: int) -> Executor:
        return LoopExecutor()


class TestThreadExecutor(ExecutorContract):
    calls = PLAIN

    def executor(self, slots: int) -> Executor:
        return ThreadExecutor(slots)


class TestProcessExecutor(ExecutorContract):
    calls = PLAIN

    def executor(self, slots: int) -> Executor:
        # As with an application's own preparation, a child has imported what it runs before the time counts.
        return ProcessExecutor(slots, prepare=Call(PLAIN.answer, 0.0))
