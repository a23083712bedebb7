"""The memory queue keeps every promise."""

from asynctasq.testing.contracts import QueueAdminContract, QueueContract, QueueMachineContract
from tests.contract.benches.memory import MemoryBench


class TestMemoryQueue(QueueContract):
    bench = MemoryBench


class TestMemoryQueueMachine(QueueMachineContract):
    bench = MemoryBench


class TestMemoryAdmin(QueueAdminContract):
    bench = MemoryBench
