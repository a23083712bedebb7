"""The contracts find every sinner of the gallery, and blame it for nothing else."""

from contextlib import suppress
from functools import cache

import pytest
from hypothesis import Phase, settings

from asynctasq.testing.contracts import QueueContract
from asynctasq.testing.contracts.machine import play
from asynctasq.testing.contracts.stage import Stage
from tests.contract.benches.memory import MemoryBench
from tests.contract.gallery import entering, leasing, settling, sharing  # noqa: F401  # they fill the list of sinners
from tests.contract.gallery.modest import ConnectionBound
from tests.contract.gallery.sinner import SINNERS, Notebook

PROMISES = set(range(1, 23))
SEARCH = settings(
    max_examples=500,
    stateful_step_count=30,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
)


@cache
def bench_of(sinner):
    class Bench(MemoryBench):
        client = sinner

        def __init__(self):
            super().__init__()
            self.storage = Notebook()

        async def crash(self, client):
            client.crash()

    return Bench


def contract_tests():
    return [getattr(QueueContract, name) for name in dir(QueueContract) if name.startswith("test_")]


def is_broken(test, bench):
    with Stage.on(bench) as stage, suppress(pytest.skip.Exception):
        try:
            test(QueueContract(), stage)
        except (AssertionError, pytest.fail.Exception):
            return True
    return False


def sinner_name(sinner):
    return sinner.__name__


@pytest.mark.parametrize("sinner", SINNERS, ids=sinner_name)
def test_exactly_the_promise_that_a_sinner_breaks_is_found_broken(sinner):
    broken = {test.promise for test in contract_tests() if is_broken(test, bench_of(sinner))}

    assert broken == set(sinner.breaks)


@pytest.mark.parametrize("sinner", [it for it in SINNERS if it.seen_by_machine], ids=sinner_name)
def test_the_state_machine_rejects_what_it_can_see(sinner):
    with pytest.raises(AssertionError):
        play(bench_of(sinner), SEARCH)


@pytest.mark.parametrize("test", contract_tests(), ids=lambda test: test.__name__)
def test_a_queue_that_declares_little_is_asked_for_little(test):
    with Stage.on(bench_of(ConnectionBound)) as stage, suppress(pytest.skip.Exception):
        test(QueueContract(), stage)


def test_the_state_machine_accepts_a_queue_that_declares_little():
    play(bench_of(ConnectionBound), settings(SEARCH, max_examples=100))


def test_what_is_not_declared_is_skipped_by_name():
    with Stage.on(bench_of(ConnectionBound)) as stage, pytest.raises(pytest.skip.Exception, match="leases_expire"):
        QueueContract().test_extend_lets_a_lease_end_later(stage)


def test_every_promise_has_a_test():
    assert {test.promise for test in contract_tests()} == PROMISES


def test_every_promise_has_a_sinner():
    assert {promise for sinner in SINNERS for promise in sinner.breaks} == PROMISES


def test_overriding_a_contract_test_without_a_reason_is_an_error():
    with pytest.raises(TypeError, match="xfail"):

        class Cheating(QueueContract):
            def test_close_twice_is_fine(self, stage):
                pass


def test_overriding_a_contract_test_with_a_reason_is_allowed():
    class Honest(QueueContract):
        @pytest.mark.xfail(reason="the broker closes when it likes")
        def test_close_twice_is_fine(self, stage):
            super().test_close_twice_is_fine(stage)

    assert Honest.__bases__ == (QueueContract,)
