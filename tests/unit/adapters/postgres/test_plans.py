"""A backlog never slows a verb: every hot statement finds what it needs in an index, already in order."""

import json

import asyncpg
import pytest

from asynctasq.adapters.postgres.names import Tables
from asynctasq.adapters.postgres.statements import sql
from asynctasq.domain.verdict import Ack

# Alone: an old transaction of a neighbour keeps dead rows on the pages that are counted.
pytestmark = [pytest.mark.broker("postgres"), pytest.mark.alone]

TABLES = Tables.parse("task_queue", "dead_letter_queue")
LEASE_BUFFERS, OTHER_BUFFERS = 10, 20
"""Per message. A verb on single messages looks each of them up in indexes as high as the backlog makes them."""
BY_ID = {"extend", "ack", "settle"}
LIMIT = 100
ROUNDS = 10

FILL = """
    ALTER TABLE task_queue SET UNLOGGED;
    ALTER TABLE dead_letter_queue SET UNLOGGED;
    INSERT INTO task_queue (id, queue, due, header, body)
    SELECT md5(n::text), 'default', now() - interval '1 hour' + n * interval '1 ms',
        convert_to(repeat('h', 120), 'utf8'), convert_to(repeat('b', 100), 'utf8')
    FROM generate_series(1, {waiting}) AS n;
    INSERT INTO dead_letter_queue (id, seq, queue, state, due, leases, attempt, failures, header, body)
    SELECT md5('dead' || n), n, 'default', 'dead', now(), 1, 1, 1, '', ''
    FROM generate_series(1, {dead}) AS n;
    ANALYZE task_queue, dead_letter_queue
"""
LEASE = ["text[]", "int", "double precision", "text"]
TOKENS = ["text[]", "bigint[]", "int[]"]
TYPES = {
    "enqueue": ["text[]", "text[]", "smallint[]", "double precision[]", "bytea[]", "bytea[]", "text", "text", "bigint"],
    "lease": LEASE,
    "outlook": ["text[]"],
    "extend": [*TOKENS, "double precision", "text"],
    "ack": TOKENS,
    "settle": [
        *TOKENS,
        *("text[]", "double precision[]", "int[]", "int[]", "double precision[]", "text[]", "text"),
    ],
    "standing": TOKENS,
    "queues": [],
}


@pytest.mark.parametrize(
    ("waiting", "dead"), [(100_000, 10_000), pytest.param(1_000_000, 100_000, marks=pytest.mark.full)]
)
def test_no_hot_statement_scans_or_sorts_whatever_waits(tables, queue, waiting, dead):
    tables.execute(FILL.format(waiting=waiting, dead=dead))
    for _ in range(ROUNDS):
        leases = tables.run(queue.lease(["other", "default"], limit=LIMIT, lease_seconds=30, owner="test"))
        tables.run(queue.settle([Ack(lease) for lease in leases]))
    tables.execute("SET plan_cache_mode = force_generic_plan")
    prepare(tables)

    plans = {verb: explain(tables, verb, arguments) for verb, arguments in arguments_of(tables).items()}

    for verb, plan in plans.items():
        nodes = list(nodes_of(plan))
        assert not [node for node in nodes if node["Node Type"] == "Seq Scan" or sorts_rows(node)], verb
        if verb in BY_ID:
            assert {node.get("Index Name") for node in nodes if reads_queue(node)} == {"task_queue_pkey"}, verb
        buffers = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        assert buffers <= LIMIT * (LEASE_BUFFERS if verb == "lease" else OTHER_BUFFERS), f"{verb}: {buffers}"


def nodes_of(plan):
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes_of(part)


def sorts_rows(node):
    """Beside what a statement has just written, as newer servers sort it to tell each name once."""
    return "Sort" in node["Node Type"] and node["Plans"][0]["Node Type"] != "CTE Scan"


def reads_queue(node):
    return "Scan" in node["Node Type"] and node.get("Relation Name") == "task_queue"


def prepare(tables):
    for verb, types in TYPES.items():
        listed = f"({', '.join(types)})" if types else ""
        tables.execute(f"PREPARE {verb}{listed} AS {sql(verb, TABLES)}")


def arguments_of(tables):
    """For batches of `LIMIT` messages, in the order in which they can follow each other."""
    waiting = tables.fetch("SELECT id FROM task_queue ORDER BY due LIMIT $1", LIMIT)
    ids = ", ".join(f"'{id}'" for (id,) in waiting)
    texts = f"ARRAY(SELECT md5('new' || n) FROM generate_series(1, {LIMIT}) AS n)"
    tokens = [f"ARRAY(SELECT {name} FROM task_queue WHERE id IN ({ids}))" for name in ("id", "seq", "leases")]

    def each(value, kind):
        return f"array_fill({value}::{kind}, ARRAY[{LIMIT}])"

    return {
        "outlook": ["ARRAY['other', 'default']"],
        "queues": [],
        "lease": ["ARRAY['other', 'default']", str(LIMIT), "30", "'test'"],
        "extend": [*tokens, "60", "'channel'"],
        "standing": tokens,
        "settle": [
            *tokens,
            each("'waiting'", "text"),
            *(each("0", kind) for kind in ("double precision", "int", "int", "double precision")),
            each("'{}'", "text"),
            "'channel'",
        ],
        "ack": tokens,
        "enqueue": [
            texts,
            each("'default'", "text"),
            each("0", "smallint"),
            each("0", "double precision"),
            *[each("''", "bytea")] * 2,
            "'channel'",
            "'sender'",
            "7",
        ],
    }


def explain(tables, verb, arguments):
    # The arguments are computed first: what that reads is not the statement's.
    given = [tables.fetch(f"SELECT ({argument})::text")[0][0] for argument in arguments]
    literals = ", ".join(asyncpg.utils._quote_literal(each) for each in given)
    call = f"{verb}({literals})" if literals else verb
    [(plan,)] = tables.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE {call}")
    return json.loads(plan)[0]["Plan"]
