"""The promises of the ports as tests: subclass one contract per port, name the bench, and pytest does the rest."""

# ruff: noqa: E402  # assertions are rewritten at import, so that a failure shows what was compared
from pkgutil import iter_modules

import pytest

pytest.register_assert_rewrite(*(module.name for module in iter_modules(__path__, f"{__name__}.")))

from asynctasq.testing.contracts.admin import QueueAdminContract
from asynctasq.testing.contracts.executor import ExecutorContract
from asynctasq.testing.contracts.machine import QueueMachineContract
from asynctasq.testing.contracts.model_bench import ModelBench
from asynctasq.testing.contracts.models import ModelResolverContract
from asynctasq.testing.contracts.queue import QueueContract
from asynctasq.testing.contracts.serializer import SerializerContract

__all__ = [
    "ExecutorContract",
    "ModelBench",
    "ModelResolverContract",
    "QueueAdminContract",
    "QueueContract",
    "QueueMachineContract",
    "SerializerContract",
]
