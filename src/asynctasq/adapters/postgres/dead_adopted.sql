-- A table that something else made gets what it lacks of version 1.
ALTER TABLE {dead_letter_table}
    ADD COLUMN IF NOT EXISTS id text COLLATE "C" NOT NULL,
    ADD COLUMN IF NOT EXISTS seq bigint NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS queue text COLLATE "C" NOT NULL,
    ADD COLUMN IF NOT EXISTS state text COLLATE "C" NOT NULL DEFAULT 'dead' CHECK (state IN ('dead', 'cancelled')),
    ADD COLUMN IF NOT EXISTS due timestamptz NOT NULL DEFAULT statement_timestamp(),
    ADD COLUMN IF NOT EXISTS leases integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS attempt integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS failures integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS owner text,
    ADD COLUMN IF NOT EXISTS error text,
    ADD COLUMN IF NOT EXISTS header bytea NOT NULL,
    ADD COLUMN IF NOT EXISTS body bytea NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS {dead_id_index} ON {dead_letter_table} (id);
CREATE INDEX IF NOT EXISTS {page_index} ON {dead_letter_table} (state, seq, id)
