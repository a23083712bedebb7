import pytest

from asynctasq.adapters.postgres.names import TableName, Tables
from asynctasq.adapters.postgres.place import place_of
from asynctasq.adapters.postgres.queue import PostgresQueue
from asynctasq.domain.errors import ConfigurationError


@pytest.mark.parametrize(
    ("given", "quoted"),
    [
        ("task_queue", '"task_queue"'),
        ("Jobs.Task Queue", '"Jobs"."Task Queue"'),
        ('"a.b"."c""d"', '"a.b"."c""d"'),
        ("x'; DROP TABLE y; --", '"x\'; DROP TABLE y; --"'),
        ("größe", '"größe"'),
    ],
)
def test_a_table_name_is_quoted_as_it_stands(given, quoted):
    assert str(TableName.parse(given)) == quoted


@pytest.mark.parametrize("given", ["", ".", "a.", ".a", "a.b.c", 'a"b', "a\0b", "x" * 59, "é" * 30])
def test_what_is_no_table_name_is_refused_with_its_shape(given):
    with pytest.raises(ConfigurationError, match=r"write table or schema\.table"):
        TableName.parse(given)


@pytest.mark.parametrize(("queue", "dead"), [("a", '"a"'), ("s.a", "s.a_sent"), ('"a"', "a_sent")])
def test_the_tables_must_differ(queue, dead):
    with pytest.raises(ConfigurationError, match="must differ"):
        Tables.parse(queue, dead)


@pytest.mark.parametrize(
    ("dsn", "place"),
    [
        ("postgresql://ann:s3cret@db.example:5433/jobs?sslmode=require", "postgres db.example:5433/jobs"),
        ("postgresql://ann:s3cret@one:1,two:2/jobs", "postgres one:1,two:2/jobs"),
        ("postgresql:///jobs?host=/run&password=s3cret", "postgres"),
        ("postgresql://ann:s3/cret@host/jobs", "postgres"),
        ("postgresql://[broken", "postgres"),
        (None, "postgres"),
    ],
)
def test_a_place_is_shown_without_its_secrets(dsn, place):
    assert place_of(dsn) == place
    assert "s3" not in f"{PostgresQueue(dsn)} {PostgresQueue(dsn)!r}"
