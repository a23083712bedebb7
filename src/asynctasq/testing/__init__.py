"""For authors of adapters: contracts to subclass, a bench to fill in, a clock to move by hand.

    class TestMyQueue(QueueContract):
        bench = MyBench

is all that a test module of an adapter needs, and the same for the other contracts in `asynctasq.testing.contracts`.
"""

from asynctasq.testing.bench import QueueBench
from asynctasq.testing.clock import ManualClock

__all__ = ["ManualClock", "QueueBench"]
