-- Ids that are there already, in either table, are passed over: both probes are of primary keys.
-- Of a repetition, which bears the number of its sender's last call, nothing enters. While that call is still under
-- way elsewhere, this one waits at its row.
-- One notification for the whole batch, because notifying takes a lock that all commits of the server share.
WITH given AS (
    SELECT *
    FROM unnest(
        CAST($1 AS text[]),
        CAST($2 AS text[]),
        CAST($3 AS smallint[]),
        CAST($4 AS double precision[]),
        CAST($5 AS bytea[]),
        CAST($6 AS bytea[])
    ) AS given (id, queue, priority, delay_seconds, header, body)
),
called AS (
    INSERT INTO {sender_table} AS known (sender, number)
    SELECT CAST($8 AS text), CAST($9 AS bigint)
    WHERE CAST($8 AS text) IS NOT NULL
    ON CONFLICT (sender) DO UPDATE SET number = excluded.number, seen_at = statement_timestamp()
    WHERE known.number <> excluded.number
    RETURNING sender
),
entered AS (
    INSERT INTO {queue_table} (id, queue, priority, due, header, body)
    SELECT id, queue, priority, statement_timestamp() + delay_seconds * interval '1 second', header, body
    FROM given
    WHERE
        (CAST($8 AS text) IS NULL OR EXISTS (SELECT FROM called))
        AND NOT EXISTS (SELECT FROM {dead_letter_table} AS dead WHERE dead.id = given.id)
    ON CONFLICT (id) DO NOTHING
    RETURNING id, queue
),
told AS (
    -- A notification takes less than 8,000 bytes; an empty one means any queue.
    SELECT pg_notify(CAST($7 AS text), CASE WHEN octet_length(names) < 8000 THEN names ELSE '' END)
    FROM (SELECT CAST(json_agg(DISTINCT queue) AS text) AS names FROM entered HAVING count(*) > 0) AS news
)
SELECT array_agg(id) AS ids, (SELECT count(*) FROM told) AS told
FROM entered
