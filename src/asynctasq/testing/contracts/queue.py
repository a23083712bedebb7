"""The promises of the port `Queue`, each as a test in the words of the port."""

from collections.abc import Iterator
from typing import ClassVar

import pytest

from asynctasq.testing.bench import QueueBench
from asynctasq.testing.contracts.clients import ClientsContract
from asynctasq.testing.contracts.entering import EnteringContract
from asynctasq.testing.contracts.leasing import LeasingContract
from asynctasq.testing.contracts.lifecycle import LifecycleContract
from asynctasq.testing.contracts.refusing import RefusingContract
from asynctasq.testing.contracts.settling import SettlingContract
from asynctasq.testing.contracts.stage import Stage


class QueueContract(
    EnteringContract, LeasingContract, SettlingContract, RefusingContract, ClientsContract, LifecycleContract
):
    """Subclass it once per adapter and name the bench.

    class TestMyQueue(QueueContract):
        bench = MyBench
    """

    bench: ClassVar[type[QueueBench]]

    @pytest.fixture
    def stage(self) -> Iterator[Stage]:
        """A fresh loop and bench for each test."""
        with Stage.on(self.bench) as stage:
            yield stage
