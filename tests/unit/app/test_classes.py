import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from asynctasq.app import registry
from asynctasq.app.classes import RESERVED, AsyncProcessTask, AsyncTask, SyncProcessTask, SyncTask, TaskConfig
from asynctasq.app.definition import Mode
from asynctasq.app.sendable import attributes_set_later, sending
from asynctasq.domain.errors import ConfigurationError

BASES = (AsyncTask, SyncTask, AsyncProcessTask, SyncProcessTask)


class SendEmail(AsyncTask[str]):
    config: TaskConfig = {"queue": "emails", "max_attempts": 5}

    def __init__(self, to: str, copies: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.to = [to] * copies

    async def execute(self) -> str:
        return ", ".join(self.to)


class Report(SyncTask):
    def execute(self) -> int:
        return sum(self.numbers)


class Urgent(SendEmail):
    config: TaskConfig = {"max_attempts": 9, "timeout": 3}


class Base(AsyncTask[None]):
    config: TaskConfig = {"queue": "never"}


def test_keyword_arguments_become_attributes():
    assert Report(numbers=[1, 2, 3]).execute() == 6


def test_an_async_task_runs_without_a_broker():
    assert asyncio.run(SendEmail("ann", copies=2).execute()) == "ann, ann"


def test_the_default_hooks_of_an_async_task_can_be_awaited():
    task = SendEmail("ann")

    assert asyncio.run(task.failed(ValueError("down"))) is None
    assert task.should_retry(ValueError("down")) is True


def test_the_arguments_of_the_original_call_are_kept():
    task = SendEmail("ann", copies=2)

    assert (sending(task).args, sending(task).kwargs) == (("ann",), {"copies": 2})


def test_the_original_call_is_made_again():
    task = SendEmail._asynctasq_definition.create(("ann",), {"copies": 2})

    assert task.to == ["ann", "ann"]


def test_a_definition_knows_what_fits_the_own_constructor():
    definition = SendEmail._asynctasq_definition

    assert definition.binds(("ann",), {"copies": 2, "more": 3})
    assert not definition.binds((), {"copies": 2})


def test_a_definition_knows_what_fits_the_common_constructor():
    definition = Report._asynctasq_definition

    assert definition.binds((), {"numbers": [1]})
    assert not definition.binds(([1],), {})


@pytest.mark.parametrize("base", BASES)
def test_reserved_is_what_a_task_has_itself(base):
    public = {name for name in dir(base) if not name.startswith("_")}

    assert public | {"config", "run"} == RESERVED


@pytest.mark.parametrize("base", BASES)
def test_what_a_task_has_for_itself_cannot_collide_by_accident(base):
    private = {name for name in dir(base) if name.startswith("_") and not name.startswith(("__", "_asynctasq"))}

    assert private - {"_is_protocol"} == {"_current_attempt", "_dispatched_at", "_task_id"}


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_reserved_name_is_refused_as_an_argument(name):
    with pytest.raises(ValueError, match=f"^Parameter name '{name}' is reserved"):
        Report(**{name: 1})


def test_a_leading_underscore_is_refused_as_an_argument():
    with pytest.raises(ValueError, match=r"^Parameter name '_number' is reserved"):
        Report(_number=1)


def test_a_constructor_with_a_reserved_parameter_is_refused_at_its_definition():
    with pytest.raises(ValueError, match=r"^Parameter name 'timeout' is reserved"):

        class Slow(SyncTask[None]):
            def __init__(self, timeout: int) -> None:
                super().__init__()

            def execute(self) -> None:
                pass


def test_the_name_of_collected_arguments_is_free():
    class Collecting(SyncTask[None]):
        def __init__(self, *options: Any, **config: Any) -> None:
            super().__init__(**config)

        def execute(self) -> None:
            pass

    assert Collecting(1, a=2).a == 2


def test_a_class_without_execute_may_be_defined_but_not_instantiated():
    with pytest.raises(TypeError, match=r"Base cannot be instantiated: it has no execute\(\) method"):
        Base()


def test_a_class_without_execute_is_no_task():
    assert registry.default.get(f"{__name__}:Base") is None


def test_a_defined_class_is_registered():
    assert registry.default.get(f"{__name__}:SendEmail") is SendEmail._asynctasq_definition


@pytest.mark.parametrize(
    ("base", "mode"), [*zip(BASES, (Mode.LOOP, Mode.THREAD, Mode.PROCESS_LOOP, Mode.PROCESS), strict=True)]
)
def test_the_base_decides_where_a_task_runs(base, mode):
    async def run_async(self):
        pass

    def run_sync(self):
        pass

    made = type("Made", (base,), {"execute": run_async if mode.is_async else run_sync})

    assert made._asynctasq_definition.mode is mode


@pytest.mark.parametrize("base", BASES)
def test_an_execute_of_the_wrong_kind_is_refused_at_its_definition(base):
    async def run_async(self):
        pass

    def run_sync(self):
        pass

    wrong = run_sync if base in (AsyncTask, AsyncProcessTask) else run_async
    with pytest.raises(ConfigurationError, match="execute must be written with"):
        type("Wrong", (base,), {"execute": wrong})


def test_config_is_merged_over_that_of_the_parents():
    assert Urgent("ann").config == {"queue": "emails", "max_attempts": 9, "timeout": 3}


def test_of_two_parents_the_first_one_wins():
    class Left(Base):
        config: TaskConfig = {"timeout": 1}

    class Right(Base):
        config: TaskConfig = {"timeout": 2, "queue": "right"}

    class Both(Left, Right):
        async def execute(self) -> None:
            pass

    assert Both().config == {"timeout": 1, "queue": "right"}


def test_the_config_of_an_instance_is_its_own():
    SendEmail("ann").config["correlation_id"] = "request-7"

    assert SendEmail.config == {"queue": "emails", "max_attempts": 5}
    assert "correlation_id" not in SendEmail("ann").config


def test_an_unknown_config_key_is_refused_with_the_name_of_the_class():
    with pytest.raises(ConfigurationError, match=r"Typo: unknown setting 'quue'"):

        class Typo(AsyncTask[None]):
            config = {"quue": "emails"}


def test_a_bad_config_value_is_refused_at_the_definition():
    with pytest.raises(ConfigurationError, match=r"Hasty: timeout=0: must be seconds above 0"):

        class Hasty(AsyncTask[None]):
            config: TaskConfig = {"timeout": 0}


def test_an_attribute_set_after_construction_is_noticed():
    task = SendEmail("ann")
    task.subject = "hi"
    task.to = ["bob"]
    task._note = "for this process only"
    task.config["queue"] = "other"

    assert attributes_set_later(task) == ["to", "subject"]


def test_what_constructors_set_is_part_of_the_construction():
    class Child(SendEmail):
        def __init__(self, to: str) -> None:
            super().__init__(to)
            self.to = [f"<{to}>"]
            self.extra = 1

    assert attributes_set_later(Child("ann")) == []


def test_a_dataclass_can_be_a_task():
    @dataclass
    class Charge(SyncTask[int]):
        amount: int
        times: int = 2

        def execute(self) -> int:
            return self.amount * self.times

    task = Charge(amount=3)

    assert task.execute() == 6
    assert sending(task).kwargs == {"amount": 3}
    assert not Charge._asynctasq_definition.binds((), {})


def test_a_constructor_that_forgets_its_parent_still_makes_a_task():
    class Forgetful(SyncTask[int]):
        config: TaskConfig = {"queue": "forgotten"}

        def __init__(self, number: int) -> None:
            self.number = number

        def execute(self) -> int:
            return self.number

    task = Forgetful(3)

    assert sending(task).args == (3,)
    assert task.config == {"queue": "forgotten"}


def test_the_last_definition_of_a_name_wins():
    def define(queue: str) -> type[SyncTask]:
        class Again(SyncTask[None]):
            config: TaskConfig = {"queue": queue}

            def execute(self) -> None:
                pass

        return Again

    define("first")
    last = define("second")

    assert registry.default.get(last._asynctasq_definition.name) is last._asynctasq_definition
