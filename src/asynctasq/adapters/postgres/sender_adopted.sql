-- A table that something else made gets what it lacks of version 1.
ALTER TABLE {sender_table}
    ADD COLUMN IF NOT EXISTS sender text COLLATE "C" NOT NULL,
    ADD COLUMN IF NOT EXISTS number bigint NOT NULL,
    ADD COLUMN IF NOT EXISTS seen_at timestamptz NOT NULL DEFAULT statement_timestamp();
CREATE UNIQUE INDEX IF NOT EXISTS {sender_index} ON {sender_table} (sender)
