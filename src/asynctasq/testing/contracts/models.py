"""The promises of the ports `ModelResolver` and `ModelLoader`, on a real database with real models."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any, ClassVar, ParamSpec

import pytest

from asynctasq.domain.errors import NotSendable, Unavailable
from asynctasq.ports.models import ModelLoader, ModelRef
from asynctasq.testing.contracts.model_bench import ModelBench
from asynctasq.testing.contracts.promise import Contract

MANY = 100

P = ParamSpec("P")


def _on_a_loop(scenario: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    @wraps(scenario)
    def test(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(scenario(*args, **kwargs))

    return test


class ModelResolverContract(Contract):
    """Subclass it once per ORM and database."""

    bench: ClassVar[type[ModelBench]]

    @_on_a_loop
    async def test_an_instance_comes_back_as_its_row_is_now(self) -> None:
        async with self._opened() as (bench, loader):
            instance = await bench.save("then")
            reference = _reference(loader, instance)
            await bench.change(instance, "now")
            found = await loader.resolve([reference])

            assert type(found[reference]) is type(instance)
            assert bench.text(found[reference]) == "now"

    @_on_a_loop
    async def test_an_instance_that_was_just_loaded_can_be_referred_to_again(self) -> None:
        async with self._opened() as (bench, loader):
            reference = _reference(loader, await bench.save("text"))
            async with loader.load([reference], share_session=False) as models:
                assert _reference(loader, models[reference]) == reference

    @_on_a_loop
    async def test_a_reference_names_the_class_and_the_key(self) -> None:
        async with self._opened() as (bench, loader):
            first, second = await bench.save("first"), await bench.save("second")
            references = [_reference(loader, each) for each in (first, second, first)]

            assert references[0].model == f"{type(first).__module__}:{type(first).__qualname__}"
            assert references[0] == references[2] != references[1]
            assert loader.knows(references[0].model)

    @_on_a_loop
    async def test_what_is_no_model_has_no_reference(self) -> None:
        async with self._opened() as (bench, loader):
            values: Sequence[Any] = (None, 1, "text", {}, object(), bench.unsaved().__class__, loader)

            assert [loader.reference(value) for value in values] == [None] * len(values)

    @_on_a_loop
    async def test_an_unsaved_instance_is_refused(self) -> None:
        async with self._opened() as (bench, loader):
            with pytest.raises(NotSendable, match="not saved"):
                loader.reference(bench.unsaved())

    @_on_a_loop
    async def test_a_row_that_is_gone_is_left_out(self) -> None:
        async with self._opened() as (bench, loader):
            kept, gone = await bench.save("kept"), await bench.save("gone")
            references = [_reference(loader, each) for each in (kept, gone)]
            await bench.delete(gone)

            assert [*await loader.resolve(references)] == references[:1]

    @_on_a_loop
    async def test_an_heir_comes_back_as_what_it_is(self) -> None:
        async with self._opened() as (bench, loader):
            heir = await bench.save_heir("heir")
            reference = _reference(loader, heir)
            found = (await loader.resolve([reference]))[reference]

            assert type(found) is type(heir)
            assert bench.text(found) == "heir"

    @_on_a_loop
    async def test_a_key_may_have_several_columns(self) -> None:
        async with self._opened() as (bench, loader):
            references = [_reference(loader, await bench.save_composite(text)) for text in ("one", "two")]
            found = await loader.resolve(references)

            assert len(references[0].key) > 1
            assert [bench.text(found[each]) for each in references] == ["one", "two"]

    @_on_a_loop
    async def test_many_of_one_class_take_one_query(self) -> None:
        async with self._opened() as (bench, loader):
            references = [_reference(loader, await bench.save(str(number))) for number in range(MANY)]
            before = await bench.queries()
            found = await loader.resolve(references)

            assert await bench.queries() - before == 1
            assert [bench.text(found[each]) for each in references] == [str(number) for number in range(MANY)]

    @_on_a_loop
    async def test_no_references_take_no_query(self) -> None:
        async with self._opened() as (bench, loader):
            await bench.save("text")
            before = await bench.queries()

            assert await loader.resolve([]) == {}
            assert await bench.queries() == before

    @pytest.mark.parametrize("share_session", [False, True])
    def test_each_class_takes_one_query(self, share_session: bool) -> None:  # noqa: FBT001 - pytest gives it
        self._each_class_takes_one_query(share_session=share_session)

    @_on_a_loop
    async def test_what_an_instance_points_to_can_be_loaded_while_it_is_used(self) -> None:
        async with self._opened() as (bench, loader):
            instance = await bench.save("text")
            await bench.befriend(instance, await bench.save_other("friend"))
            async with loader.load([_reference(loader, instance)], share_session=False) as models:
                [loaded] = models.values()

                assert bench.text(await bench.friend(loaded)) == "friend"

    @_on_a_loop
    async def test_everything_is_closed_after_a_failure(self) -> None:
        async with self._opened() as (bench, loader):
            reference = _reference(loader, await bench.save("text"))
            with pytest.raises(RuntimeError, match="of the task"):
                async with loader.load([reference], share_session=False):
                    raise RuntimeError("of the task")

            assert bench.sessions() == 0

    @_on_a_loop
    async def test_everything_is_closed_after_a_cancellation(self) -> None:
        async with self._opened() as (bench, loader):
            reference = _reference(loader, await bench.save("text"))
            entered = asyncio.Event()

            async def work() -> None:
                async with loader.load([reference], share_session=False):
                    entered.set()
                    await asyncio.Event().wait()

            working = asyncio.create_task(work())
            await entered.wait()
            working.cancel()
            with pytest.raises(asyncio.CancelledError):
                await working

            assert bench.sessions() == 0

    @_on_a_loop
    async def test_code_that_blocks_gets_its_models_in_a_thread_or_is_sent_to_the_loop(self) -> None:
        async with self._opened() as (bench, loader):
            reference = _reference(loader, await bench.save("text"))

            def load_here() -> str | None:
                context = loader.load_blocking([reference], share_session=False)
                if context is None:
                    return None
                with context as models:
                    return bench.text(models[reference])

            assert await asyncio.to_thread(load_here) in (None, "text")
            assert bench.sessions() == 0

    @_on_a_loop
    async def test_no_answer_from_the_database_is_unavailable(self) -> None:
        async with self._opened() as (bench, loader):
            reference = _reference(loader, await bench.save("text"))
            await bench.go_away()

            with pytest.raises(Unavailable):
                await loader.resolve([reference])

    @_on_a_loop
    async def test_a_name_that_is_no_model_is_not_known(self) -> None:
        async with self._opened() as (bench, loader):
            module = type(bench.unsaved()).__module__
            with pytest.raises(LookupError):
                loader.knows(f"{module}:NobodyHere")
            with pytest.raises(LookupError):
                loader.knows("nobody.imported.this:Model")

            assert not loader.knows("asynctasq.ports.models:ModelRef")

    @_on_a_loop
    async def _each_class_takes_one_query(self, *, share_session: bool) -> None:
        async with self._opened() as (bench, loader):
            saved = [await save(text) for save in (bench.save, bench.save_other) for text in ("one", "two")]
            references = [_reference(loader, each) for each in saved]
            before = await bench.queries()
            async with loader.load(references, share_session=share_session) as models:
                texts = _texts(bench, models, references)
            used = await bench.queries() - before

            assert texts == ["one", "two"] * 2
            assert used == 2  # noqa: PLR2004 - as many as classes
            assert bench.sessions() == 0

    @asynccontextmanager
    async def _opened(self) -> AsyncGenerator[tuple[ModelBench, ModelLoader]]:
        bench = self.bench()
        loader = bench.loader()
        try:
            await bench.open()
            yield bench, loader
        finally:
            await loader.close()
            await bench.close()


def _reference(loader: ModelLoader, instance: Any) -> ModelRef:
    reference = loader.reference(instance)
    assert reference is not None
    return reference


def _texts(bench: ModelBench, models: Mapping[ModelRef, Any], references: Sequence[ModelRef]) -> list[str]:
    return [bench.text(models[each]) for each in references]
