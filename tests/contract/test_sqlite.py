"""The SQLite queue keeps every promise."""

from asynctasq.testing.contracts import QueueAdminContract, QueueContract, QueueMachineContract
from tests.contract.benches.sqlite import SqliteBench


class TestSqliteQueue(QueueContract):
    bench = SqliteBench


class TestSqliteQueueMachine(QueueMachineContract):
    bench = SqliteBench


class TestSqliteAdmin(QueueAdminContract):
    bench = SqliteBench
