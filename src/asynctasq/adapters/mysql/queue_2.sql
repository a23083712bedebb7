-- Version 2: remembers how long a message was given back as unknown; counts within the index line alone.
ALTER TABLE {queue}
ADD COLUMN skewed_seconds DOUBLE NOT NULL DEFAULT 0 AFTER failures,
DROP KEY line,
ADD KEY line (queue, tier, due, seq, running),
COMMENT = 'asynctasq queue, schema 2'
