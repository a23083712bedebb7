-- As in the other table, so that nothing is forgotten on the way there and back.
ALTER TABLE {dead_letter_table}
    ADD COLUMN IF NOT EXISTS priority smallint NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS skewed_seconds double precision NOT NULL DEFAULT 0
