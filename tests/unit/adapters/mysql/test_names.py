import pytest

from asynctasq.adapters.mysql.names import tables
from asynctasq.domain.errors import ConfigurationError


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("task_queue", "`task_queue`"),
        ("jobs.task_queue", "`jobs`.`task_queue`"),
        ("select", "`select`"),
        ("a`b; DROP TABLE c", "`a``b; DROP TABLE c`"),
    ],
)
def test_a_name_is_quoted_whatever_it_is(name, quoted):
    assert tables(name, "dead").queue.quoted == quoted


@pytest.mark.parametrize("name", ["", ".", "a.", ".a", "a.b.c", "x" * 60, "blank ", "nul\0", "\ud800", "\U0001f600"])
def test_a_name_that_no_table_can_have_is_refused(name):
    with pytest.raises(ConfigurationError, match="dead_letter_table"):
        tables("task_queue", name)


@pytest.mark.parametrize(("queue", "dead"), [("same", "same"), ("a", "a_sent"), ("b.a", "b.a_sent")])
def test_one_table_cannot_be_two(queue, dead):
    with pytest.raises(ConfigurationError, match="must differ"):
        tables(queue, dead)
