"""Opening a file, and one clear error for each way in which that can go wrong."""

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from asynctasq.adapters.sqlite import connection as module
from asynctasq.adapters.sqlite.connection import Connection
from asynctasq.adapters.sqlite.queue import SqliteQueue
from asynctasq.domain.errors import Closed, ConfigurationError, Unavailable
from asynctasq.domain.message import Message


@contextmanager
def opened(runner: asyncio.Runner, path: Path) -> Iterator[SqliteQueue]:
    queue = SqliteQueue(path)
    runner.run(queue.open())
    try:
        yield queue
    finally:
        runner.run(queue.close())


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as raw:
        for statement in statements:
            raw.execute(statement)
        raw.commit()


def message(id: str = "1", body: bytes = b"") -> Message:
    return Message(id, "default", task="tasks:work", body=body)


def test_making_a_queue_touches_nothing(path: Path):
    SqliteQueue(path)

    assert not path.parent.exists()


def test_opening_makes_the_folder_and_hides_it_from_git(path: Path, runner: asyncio.Runner):
    with opened(runner, path):
        pass

    assert path.exists()
    assert (path.parent / ".gitignore").read_text() == "*\n"


def test_a_folder_of_another_name_is_not_hidden_from_git(tmp_path: Path, runner: asyncio.Runner):
    with opened(runner, tmp_path / "queues" / "queue.db"):
        pass

    assert not (tmp_path / "queues" / ".gitignore").exists()


def test_opening_twice_keeps_the_connection(path: Path, runner: asyncio.Runner):
    with opened(runner, path) as queue:
        runner.run(queue.open())

        assert runner.run(queue.enqueue([message()])) == []


def test_many_clients_may_open_a_new_file_at_once(path: Path, runner: asyncio.Runner):
    queues = [SqliteQueue(path) for _ in range(5)]

    async def open_all() -> None:
        async with asyncio.TaskGroup() as group:
            for queue in queues:
                group.create_task(queue.open())

    runner.run(open_all())

    assert [runner.run(queue.enqueue([message(str(at))])) for at, queue in enumerate(queues)] == [[]] * 5
    for queue in queues:
        runner.run(queue.close())


@pytest.mark.parametrize("synchronous", ["full", "normal"])
def test_the_durability_is_the_one_asked_for(path: Path, runner: asyncio.Runner, synchronous: str):
    connection = Connection(path, synchronous)
    runner.run(connection.open())

    [mode] = connection.at_once(lambda raw: raw.execute("PRAGMA synchronous").fetchone())

    assert mode == {"normal": 1, "full": 2}[synchronous]
    connection.close()


def test_only_a_light_write_does_not_wait_for_the_disk(path: Path, runner: asyncio.Runner):
    connection = Connection(path, "full")
    runner.run(connection.open())

    def mode(raw: sqlite3.Connection) -> int:
        return raw.execute("PRAGMA synchronous").fetchone()[0]

    assert runner.run(connection.write_lightly(mode)) == 1
    assert runner.run(connection.write(mode)) == 2
    connection.close()


def test_an_unknown_durability_is_an_error_that_lists_the_known(path: Path):
    with pytest.raises(ConfigurationError, match=r"'off'.*normal, full"):
        SqliteQueue(path, synchronous="off")


def test_what_is_not_a_database_is_named_with_a_remedy(path: Path, runner: asyncio.Runner):
    path.parent.mkdir()
    path.write_bytes(b"This is a shopping list, and quite a long one. " * 100)

    with pytest.raises(ConfigurationError, match=f"{path} is not a SQLite database.*another file"):
        runner.run(SqliteQueue(path).open())


def test_a_folder_in_the_place_of_the_file_is_named_with_a_remedy(path: Path, runner: asyncio.Runner):
    path.mkdir(parents=True)

    with pytest.raises(ConfigurationError, match=f"{path} cannot be opened.*must not be a folder"):
        runner.run(SqliteQueue(path).open())


def test_a_folder_that_cannot_be_made_is_named_with_a_remedy(path: Path, runner: asyncio.Runner):
    path.parent.write_text("a file")

    with pytest.raises(ConfigurationError, match=f"the folder of {path} cannot be made: create it"):
        runner.run(SqliteQueue(path).open())


def test_a_newer_schema_is_refused_with_a_remedy(path: Path, runner: asyncio.Runner):
    with opened(runner, path):
        pass
    execute(path, "PRAGMA user_version = 99")

    with pytest.raises(ConfigurationError, match=f"{path} has schema version 99.*upgrade asynctasq"):
        runner.run(SqliteQueue(path).open())


def test_the_database_of_another_program_is_left_alone(path: Path, runner: asyncio.Runner):
    path.parent.mkdir()
    execute(path, "CREATE TABLE customer (name TEXT)")
    before = path.read_bytes()

    with pytest.raises(ConfigurationError, match=f"{path} belongs to another program"):
        runner.run(SqliteQueue(path).open())
    assert path.read_bytes() == before


def test_an_old_library_is_named(path: Path, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))

    with pytest.raises(ConfigurationError, match=r"needs SQLite 3\.35 or newer"):
        runner.run(SqliteQueue(path).open())


def test_a_file_system_without_shared_memory_is_named(
    path: Path, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
):
    # SQLite's own lock files in place of shared locks stand for a network file system.
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, **options: connect(f"file:{path}?vfs=unix-dotfile", uri=True, **options)
    )

    with pytest.raises(ConfigurationError, match=f"{path} cannot be shared between processes.*local disk"):
        runner.run(SqliteQueue(path).open())


def test_a_file_that_cannot_be_written_is_named_when_it_is_opened(
    path: Path, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
):
    with opened(runner, path):
        connect = sqlite3.connect
        # Opened for reading by demand, since a test may run as root, whom no permission stops.
        monkeypatch.setattr(
            sqlite3, "connect", lambda path, **options: connect(f"file:{path}?mode=ro", uri=True, **options)
        )

        with pytest.raises(ConfigurationError, match=f"{path} cannot be written: give this user write permission"):
            runner.run(SqliteQueue(path).open())


def test_a_lock_that_stays_is_unavailable(path: Path, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.01)

    with opened(runner, path) as queue, closing(sqlite3.connect(path)) as holder:
        holder.execute("BEGIN IMMEDIATE")

        with pytest.raises(Unavailable, match=f"{path} stayed locked by another process"):
            runner.run(queue.enqueue([message()]))


def test_a_lock_that_passes_is_waited_for_without_stopping_the_loop(path: Path, runner: asyncio.Runner):
    with opened(runner, path) as queue, closing(sqlite3.connect(path)) as holder:

        async def release_meanwhile() -> object:
            holder.execute("BEGIN IMMEDIATE")
            call = asyncio.create_task(queue.enqueue([message()]))
            for _ in range(100):
                await asyncio.sleep(0)
            holder.execute("COMMIT")
            return await call

        assert runner.run(release_meanwhile()) == []


def test_a_call_cancelled_while_it_waits_for_a_lock_does_nothing(path: Path, runner: asyncio.Runner):
    with opened(runner, path) as queue, closing(sqlite3.connect(path)) as holder:

        async def cancel_meanwhile() -> None:
            holder.execute("BEGIN IMMEDIATE")
            call = asyncio.create_task(queue.enqueue([message()]))
            await asyncio.sleep(0)
            call.cancel()
            await asyncio.wait([call])
            holder.execute("COMMIT")

        runner.run(cancel_meanwhile())

        assert runner.run(queue.enqueue([message()])) == []


def test_a_full_disk_is_unavailable_and_passes(path: Path, runner: asyncio.Runner):
    with opened(runner, path) as queue:
        queue._connection.at_once(lambda raw: raw.execute("PRAGMA max_page_count = 20"))

        with pytest.raises(Unavailable, match=f"{path} cannot grow: free space"):
            runner.run(queue.enqueue([message(body=bytes(200_000))]))
        queue._connection.at_once(lambda raw: raw.execute("PRAGMA max_page_count = 1000000"))

        assert runner.run(queue.enqueue([message(body=bytes(200_000))])) == []


def test_a_file_that_became_read_only_is_unavailable(path: Path, runner: asyncio.Runner):
    with opened(runner, path) as queue:
        queue._connection.at_once(lambda raw: raw.execute("PRAGMA query_only = 1"))

        with pytest.raises(Unavailable, match=f"{path} cannot be written: give this user"):
            runner.run(queue.enqueue([message()]))


def test_a_file_deleted_while_in_use_is_unavailable(path: Path, runner: asyncio.Runner):
    with opened(runner, path) as queue:
        path.unlink()

        with pytest.raises(Unavailable, match=f"{path} was deleted or replaced"):
            runner.run(queue.enqueue([message()]))


def test_a_queue_that_was_never_opened_says_so(path: Path, runner: asyncio.Runner):
    with pytest.raises(Closed, match=f"{path} has not been opened"):
        runner.run(SqliteQueue(path).ping())


def test_a_closed_queue_does_not_open_again(path: Path, runner: asyncio.Runner):
    with opened(runner, path) as queue:
        pass

    with pytest.raises(Closed, match=f"{path} was closed"):
        runner.run(queue.open())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_what_a_forked_child_enqueues_outlives_the_connection_of_its_parent(path: Path, runner: asyncio.Runner):
    with opened(runner, path) as queue:
        go_on, parent_closed = os.pipe()
        if not (child := os.fork()):
            os.read(go_on, 1)
            _enqueue_in_child(queue)
    os.write(parent_closed, b".")
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    with opened(runner, path) as queue:
        assert [refusal.id for refusal in runner.run(queue.enqueue([message("child")]))] == ["child"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_parent_goes_on_after_a_fork(path: Path, runner: asyncio.Runner):
    with opened(runner, path) as queue:
        if not (child := os.fork()):
            _enqueue_in_child(queue)
        os.waitpid(child, 0)

        refusals = runner.run(queue.enqueue([message("child"), message("parent")]))

    assert [refusal.id for refusal in refusals] == ["child"]


def _enqueue_in_child(queue: SqliteQueue) -> NoReturn:
    status = 1
    try:
        status = len(asyncio.run(queue.enqueue([message("child")])))
    finally:
        # Nothing of the test's may run twice.
        os._exit(status)
