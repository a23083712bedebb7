"""The state machine as a contract: the queue does what the model does, and the machine tries what it should."""

from typing import ClassVar

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from asynctasq.testing.bench import QueueBench
from asynctasq.testing.contracts.promise import Contract
from asynctasq.testing.contracts.rules import Cast, QueueMachine
from asynctasq.testing.contracts.stage import Stage

SHARE = 5
SLOW_IS_FINE = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)


class QueueMachineContract(Contract):
    """Searches for a sequence of calls after which the queue and the model disagree."""

    bench: ClassVar[type[QueueBench]]
    steps: ClassVar[int] = 30
    """Calls per example; with fewer than 30 not every rule gets its turn."""
    counted_examples: ClassVar[int] = 200
    """How many examples the count of the rules is taken from; fewer where a bench waits in earnest."""

    thinned: ClassVar[int] = 1
    """How many times fewer examples than the profile in force asks for, where each is a conversation with a server."""

    def test_the_queue_behaves_as_the_model(self) -> None:
        examples = max(1, settings().max_examples // self.thinned)
        play(self.bench, settings(max_examples=examples, stateful_step_count=self.steps))

    def test_every_rule_fires_in_a_fifth_of_the_examples(self) -> None:
        # Derandomized: whether chance was kind is no property of the machine.
        options = settings(max_examples=self.counted_examples, derandomize=True, database=None)
        cast = play(self.bench, settings(options, stateful_step_count=self.steps))

        assert cast.too_rare(SHARE) == set()


def play(bench: type[QueueBench], options: settings) -> Cast:
    """Run the machine on a bench of its own."""
    with Stage.on(bench) as stage:
        cast = Cast(stage, [stage.run(stage.client()) for _ in range(2)])

        class Machine(QueueMachine):
            def __init__(self) -> None:
                super().__init__(cast)

        options = settings(options, deadline=None, suppress_health_check=SLOW_IS_FINE)
        run_state_machine_as_test(Machine, settings=options)
    return cast
