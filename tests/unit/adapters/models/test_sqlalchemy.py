"""What is particular to SQLAlchemy; the promises of the port are in tests/contract/test_sqlalchemy.py."""

import asyncio
import logging
import subprocess
import sys
import threading

import pytest
from sqlalchemy import NullPool, create_engine, event, update
from sqlalchemy.ext.asyncio import AsyncSession, async_object_session, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, object_session, sessionmaker

from asynctasq.adapters.models.sqlalchemy.loader import SqlalchemyModels
from asynctasq.adapters.serializers.classes import Classes
from asynctasq.adapters.serializers.msgpack import MsgpackSerializer
from asynctasq.domain.errors import ConfigurationError, NotLoaded, NotSendable
from asynctasq.ports.models import ModelRef
from tests.contract.orm.sqlalchemy_models import Base, Letter, Memo, Note, Other, Seat

NOTE = f"{Note.__module__}:Note"


class Warnings(logging.Handler):
    def __init__(self):
        super().__init__(logging.WARNING)
        self.texts = []

    def emit(self, record):
        self.texts.append(record.getMessage())


@pytest.fixture
def engine(tmp_path):
    """A plain one, to look behind the back of the loader."""
    engine = create_engine(f"sqlite:///{tmp_path / 'models.db'}", poolclass=NullPool)
    Base.metadata.create_all(engine)
    return engine


@pytest.fixture
def url(engine, tmp_path):
    return f"sqlite+aiosqlite:///{tmp_path / 'models.db'}"


@pytest.fixture
def loader(url):
    Base._asynctasq_session_factory = async_sessionmaker(create_async_engine(url, poolclass=NullPool))
    yield SqlalchemyModels(Classes())
    del Base._asynctasq_session_factory


@pytest.fixture
def warnings():
    handler = Warnings()
    log = logging.getLogger("asynctasq.models")
    log.addHandler(handler)
    yield handler.texts
    log.removeHandler(handler)


def saved(engine, *instances):
    with Session(engine) as session:
        session.add_all(instances)
        session.commit()
    return instances


def load(loader, *references, inside=lambda models: None, share_session=False):
    async def main():
        async with loader.load(references, share_session=share_session) as models:
            result = inside(models)
            return await result if asyncio.iscoroutine(result) else result

    return asyncio.run(main())


def test_the_key_of_an_expired_and_detached_instance_is_known_without_a_query(engine, loader):
    [seat] = saved(engine, Seat(row=3, letter="b", text="text"))

    assert loader.reference(seat) == ModelRef(f"{Seat.__module__}:Seat", (3, "b"))


def test_what_is_added_and_not_flushed_is_not_saved(engine, loader):
    with Session(engine) as session:
        note = Note(number=7, text="text")
        session.add(note)

        with pytest.raises(NotSendable, match=r"Note is not saved: flush and commit"):
            loader.reference(note)


def test_a_refusal_names_the_model_and_not_what_is_in_it(loader):
    with pytest.raises(NotSendable, match=r"^\['a'\]\[0\]: this .*:Other is not saved"):
        MsgpackSerializer().dumps({"a": [Other(text=object())]}, loader.reference)


def test_what_was_deleted_is_refused(engine, loader):
    [note] = saved(engine, Note(text="text"))
    with Session(engine) as session:
        session.delete(note)
        session.commit()

        with pytest.raises(NotSendable, match="deleted"):
            loader.reference(note)


def test_an_engine_given_by_mistake_is_not_connected(tmp_path, loader):
    engine = create_engine(f"sqlite:///{tmp_path / 'never.db'}")

    assert loader.reference(engine) is None
    assert not (tmp_path / "never.db").exists()


def test_heirs_of_both_kinds_are_asked_for_by_their_own_class(engine, loader):
    memo, letter = saved(engine, Memo(text="memo"), Letter(text="letter", stamp="red"))
    references = [loader.reference(each) for each in (memo, letter)]

    found = load(loader, *references, inside=lambda models: [type(models[each]) for each in references])

    assert found == [Memo, Letter]


def test_an_heir_is_not_found_by_the_name_of_its_sibling(engine, loader):
    [memo] = saved(engine, Memo(text="memo"))

    assert load(loader, ModelRef(f"{Letter.__module__}:Letter", loader.reference(memo).key), inside=dict) == {}


def test_a_base_without_a_session_factory_is_told_what_to_set(engine):
    with pytest.raises(ConfigurationError, match=r"Base\._asynctasq_session_factory = async_sessionmaker"):
        load(SqlalchemyModels(Classes()), ModelRef(NOTE, (1,)))


def test_a_factory_may_be_any_function(engine, loader):
    [note] = saved(engine, Note(text="text"))
    Base._asynctasq_session_factory = staticmethod(lambda: Session(engine))

    assert load(loader, loader.reference(note), inside=lambda models: [each.text for each in models.values()]) == [
        "text"
    ]


def test_a_missing_table_is_no_outage(engine, loader):
    Base.metadata.drop_all(engine)

    with pytest.raises(NotLoaded, match="no such table"):
        load(loader, ModelRef(NOTE, (1,)))


def test_a_key_of_another_length_fits_no_class(loader):
    with pytest.raises(NotLoaded, match="1 key columns here"):
        load(loader, ModelRef(NOTE, (1, 2)))


def test_no_connection_is_held_while_the_task_works(engine, url, loader):
    pooled = create_async_engine(url, pool_size=1, max_overflow=0, pool_timeout=0.1)
    Base._asynctasq_session_factory = async_sessionmaker(pooled)
    note, other = saved(engine, Note(text="note"), Other(text="other"))

    async def inside(models):
        assert pooled.pool.checkedout() == 0
        assert sorted(each.text for each in models.values()) == ["note", "other"]
        await pooled.dispose()

    load(loader, loader.reference(note), loader.reference(other), inside=inside, share_session=True)


def test_what_the_task_commits_is_written(engine, loader):
    [note] = saved(engine, Note(text="then"))

    async def inside(models):
        [note] = models.values()
        session = async_object_session(note)
        assert session.sync_session.expire_on_commit
        note.text = "now"
        await session.commit()

    load(loader, loader.reference(note), inside=inside)

    with Session(engine) as session:
        assert session.get(Note, note._sa_instance_state.identity).text == "now"


@pytest.mark.parametrize("share_session", [False, True])
def test_each_class_has_a_session_of_its_own_unless_they_are_to_share(engine, loader, share_session):
    references = [loader.reference(each) for each in saved(engine, Note(text="note"), Other(text="other"))]

    sessions = load(
        loader,
        *references,
        inside=lambda models: {object_session(each) for each in models.values()},
        share_session=share_session,
    )

    assert len(sessions) == (1 if share_session else 2)


def test_classes_are_loaded_side_by_side(engine, url, loader):
    references = [loader.reference(each) for each in saved(engine, Note(text="note"), Other(text="other"))]

    async def main():
        both = asyncio.Barrier(2)

        class Meeting(AsyncSession):
            async def run_sync(self, *arguments):
                await both.wait()
                return await super().run_sync(*arguments)

        Base._asynctasq_session_factory = async_sessionmaker(
            create_async_engine(url, poolclass=NullPool), class_=Meeting
        )
        async with asyncio.timeout(5):
            return await loader.resolve(references)

    assert len(asyncio.run(main())) == 2


def test_plain_sessions_load_beside_the_loop(engine, loader):
    threads = set()
    event.listen(engine, "before_cursor_execute", lambda *_: threads.add(threading.get_ident()))
    [note] = saved(engine, Note(text="text"))
    Base._asynctasq_session_factory = sessionmaker(engine)
    threads.clear()

    load(loader, loader.reference(note))

    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_a_session_whose_thread_still_loads_is_closed_by_it(engine, loader):
    [note] = saved(engine, Note(text="text"))
    reached, go_on, closed = threading.Event(), threading.Event(), threading.Event()
    event.listen(engine, "before_cursor_execute", lambda *_: (reached.set(), go_on.wait(5)))

    class Noting(Session):
        def close(self):
            super().close()
            closed.set()

    Base._asynctasq_session_factory = sessionmaker(engine, class_=Noting)

    async def main():
        loading = asyncio.create_task(loader.resolve([loader.reference(note)]))
        await asyncio.to_thread(reached.wait, 5)
        loading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await loading
        assert not closed.is_set()
        go_on.set()
        assert await asyncio.to_thread(closed.wait, 5)

    asyncio.run(main())


def test_a_child_process_is_advised_against_a_pool_once(url, loader, warnings):
    Base._asynctasq_session_factory = async_sessionmaker(create_async_engine(url))
    loader.enter_child()
    loader.enter_child()
    load(loader, inside=dict)

    assert len(warnings) == 1
    assert "NullPool" in warnings[0]


def test_a_child_process_whose_engine_has_no_pool_needs_no_advice(loader, warnings):
    loader.enter_child()

    assert warnings == []


@pytest.mark.parametrize(("options", "count"), [("", 1), ("poolclass=NullPool", 0)])
def test_a_fork_with_a_pool_in_use_is_warned_of(tmp_path, options, count):
    program = f"""
import asyncio, os
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import create_async_engine, async_sessionmaker
from asynctasq.adapters.models.sqlalchemy.loader import SqlalchemyModels
from asynctasq.adapters.serializers.classes import Classes
from asynctasq.ports.models import ModelRef
from tests.contract.orm.sqlalchemy_models import Base

async def main():
    engine = create_async_engine("sqlite+aiosqlite:///{tmp_path}/models.db", {options})
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    Base._asynctasq_session_factory = async_sessionmaker(engine)
    await SqlalchemyModels(Classes()).resolve([ModelRef("{NOTE}", (1,))])
    await engine.dispose()
    return engine

engine = asyncio.run(main())
if os.fork() == 0:
    os._exit(0)
os.wait()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stderr.count("this process forks while") == count


def test_rows_changed_in_bulk_are_seen(engine, loader):
    notes = saved(engine, *(Note(text="then") for _ in range(3)))
    with Session(engine) as session:
        session.execute(update(Note).values(text="now"))
        session.commit()

    texts = load(
        loader,
        *(loader.reference(each) for each in notes),
        inside=lambda models: [each.text for each in models.values()],
    )

    assert texts == ["now"] * 3
