-- Version 1. One row per message, from enqueue until it is acked or deleted.
-- `seq` is never given twice (hence AUTOINCREMENT) and `leases` never falls: together they are the fencing token.
-- `due` is when a waiting message can be leased and when the lease of a running one ends, in seconds of the queue's clock.
-- `error` is a JSON object. Header and body come last: what is looked through does not drag them along.
CREATE TABLE message (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    queue TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('ready', 'waiting', 'running', 'dead', 'cancelled')),
    priority INTEGER NOT NULL,
    due REAL NOT NULL,
    leases INTEGER NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    skewed_seconds REAL NOT NULL DEFAULT 0,
    owner TEXT,
    error TEXT,
    header BLOB NOT NULL CHECK (typeof(header) = 'blob'),
    body BLOB NOT NULL CHECK (typeof(body) = 'blob')
);
-- What a lease takes, in its order. Each index ends in what makes it sufficient for counting.
CREATE INDEX ready ON message (queue, priority DESC, due, seq, state) WHERE state = 'ready';
-- What becomes ready by time alone.
CREATE INDEX timed ON message (queue, due, state) WHERE state IN ('waiting', 'running');
-- What only people look at.
CREATE INDEX kept ON message (state, seq, queue) WHERE state IN ('dead', 'cancelled');
-- The letters ATQQ, by which the file is known to be ours.
PRAGMA application_id = 1096045905;
PRAGMA user_version = 1;
