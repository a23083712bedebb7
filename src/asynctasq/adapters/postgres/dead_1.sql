-- What is dead or cancelled, kept for people.
-- `seq` and `leases` are of the token that a cancelled message is known by until `due`, when its lease ends.
CREATE TABLE {dead_letter_table} (
    id text COLLATE "C" PRIMARY KEY,
    seq bigint NOT NULL,
    queue text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('dead', 'cancelled')),
    due timestamptz NOT NULL,
    leases integer NOT NULL,
    attempt integer NOT NULL,
    failures integer NOT NULL,
    owner text,
    error text,
    header bytea NOT NULL,
    body bytea NOT NULL
);
-- What is paged through.
CREATE INDEX {page_index} ON {dead_letter_table} (state, seq, id)
