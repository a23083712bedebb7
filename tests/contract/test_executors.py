"""The executors keep every promise."""

from asynctasq.adapters.executors.loop import LoopExecutor
from asynctasq.adapters.executors.thread import ThreadExecutor
from asynctasq.ports.executor import Executor
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
