"""`asynctasq migrate`, and what is said by those who come before it."""

import asyncio
import secrets

import asyncpg
import pytest

from tests.acceptance.project import complaint
from tests.servers import URLS

pytestmark = [pytest.mark.acceptance, pytest.mark.broker("postgres")]


@pytest.fixture
def unfurnished(project):
    """A project whose queue is to lie in a schema that nobody has made yet."""
    schema = f"migrate_{secrets.token_hex(6)}"
    project.environ |= {
        "ASYNCTASQ_DRIVER": "postgres",
        "ASYNCTASQ_POSTGRES_DSN": URLS["postgres"],
        "ASYNCTASQ_POSTGRES_QUEUE_TABLE": f"{schema}.task_queue",
        "ASYNCTASQ_POSTGRES_DEAD_LETTER_TABLE": f"{schema}.dead_letter_queue",
    }
    yield project
    asyncio.run(drop(schema))


async def drop(schema):
    connection = await asyncpg.connect(URLS["postgres"])
    await connection.execute(f"SET client_min_messages = error; DROP SCHEMA IF EXISTS {schema} CASCADE")
    await connection.close()


def test_it_makes_the_tables_that_a_task_then_passes_through(unfurnished):
    made = unfurnished.cli("migrate")
    again = unfurnished.cli("migrate")

    assert (made.returncode, again.returncode) == (0, 0)
    assert "up to date after 13 statements" in made.stdout
    assert again.stdout == "the schema of driver 'postgres' is up to date\n"
    unfurnished.dispatch("mail('ada')")
    assert "mailed ada" in unfurnished.cli("worker", "--burst").stdout


def test_a_dry_run_prints_the_statements_and_runs_none(unfurnished):
    shown = unfurnished.cli("migrate", "--dry-run")

    assert shown.returncode == 0
    assert shown.stdout.count("CREATE TABLE") == 3
    assert shown.stdout.endswith(";\n")
    assert "is not there" in complaint(unfurnished.cli("queues"))


def test_a_worker_without_its_tables_names_the_command_and_ends_with_1(unfurnished):
    done = unfurnished.cli("worker", "--burst")

    assert done.returncode == 1
    assert "task_queue is not there: run asynctasq migrate --driver postgres" in complaint(done)


def test_a_dispatch_without_its_tables_names_the_command(unfurnished):
    done = unfurnished.run("-c", "import shop; shop.mail('ada').dispatch_sync()")

    assert done.returncode == 1
    assert "SchemaMismatch" in done.stderr
    assert "run asynctasq migrate --driver postgres" in done.stderr


def test_a_driver_that_needs_none_says_so_in_one_line(project):
    done = project.cli("migrate")

    assert (done.returncode, done.stdout) == (0, "driver 'sqlite' needs no migration\n")


def test_a_driver_that_is_unknown_is_a_mistake(project):
    assert project.cli("migrate", "--driver", "postgress").returncode == 2
