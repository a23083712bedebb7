"""How a promise of a port is written down as a test."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, TypeVar

from asynctasq.testing.contracts.stage import Stage

Contract_contra = TypeVar("Contract_contra", contravariant=True)
Scenario = Callable[[Contract_contra, Stage], Coroutine[Any, Any, None]]


def promise(
    kept: int | str, *, needs: tuple[str, ...] = ()
) -> Callable[[Scenario[Contract_contra]], Callable[[Contract_contra, Stage], None]]:
    """Make a test of a coroutine function for a promise, named by its number or verb.

    `needs` names abilities without which the test is skipped: a field of `Capabilities` or `AdminCapabilities` that
    is set, `no effects` for one that is not, `finds dead` for a state.
    """

    def decorate(scenario: Scenario[Contract_contra]) -> Callable[[Contract_contra, Stage], None]:
        @wraps(scenario)
        def test(contract: Contract_contra, stage: Stage) -> None:
            stage.require(needs)
            stage.run(scenario(contract, stage))

        test.__dict__["promise"] = kept
        return test

    return decorate


class Contract:
    """A contract test may be overridden only by one that is expected to fail and says why.

    Call the original from it, so that it is noticed when the reason is gone:

        @pytest.mark.xfail(reason="the service rounds delays to whole seconds")
        def test_nothing_is_leased_before_its_delay_is_over(self, stage):
            super().test_nothing_is_leased_before_its_delay_is_over(stage)
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, test in vars(cls).items():
            if name.startswith("test_") and _is_inherited(cls, name) and not _is_expected_to_fail(test):
                raise TypeError(f"{cls.__name__}.{name} overrides a contract test: mark it xfail(reason=…)")


def _is_inherited(cls: type, name: str) -> bool:
    return any(hasattr(parent, name) for parent in cls.__bases__)


def _is_expected_to_fail(test: Any) -> bool:
    return any(mark.name == "xfail" and mark.kwargs.get("reason") for mark in getattr(test, "pytestmark", ()))
