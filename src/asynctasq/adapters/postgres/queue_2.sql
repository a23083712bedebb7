-- Messages have priorities, and remember how long no worker knew their task.
ALTER TABLE {queue_table}
    ADD COLUMN IF NOT EXISTS priority smallint NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS skewed_seconds double precision NOT NULL DEFAULT 0;
DROP INDEX IF EXISTS {line_index_with_schema};
CREATE INDEX {line_index} ON {queue_table} (queue, priority DESC, due, seq)
