-- enqueue.sql in a transaction that is somebody else's: nothing is repeated there, so the table of senders is not
-- needed, and no right to it.
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
entered AS (
    INSERT INTO {queue_table} (id, queue, priority, due, header, body)
    SELECT id, queue, priority, statement_timestamp() + delay_seconds * interval '1 second', header, body
    FROM given
    WHERE NOT EXISTS (SELECT FROM {dead_letter_table} AS dead WHERE dead.id = given.id)
    ON CONFLICT (id) DO NOTHING
    RETURNING id, queue
),
told AS (
    SELECT pg_notify(CAST($7 AS text), CASE WHEN octet_length(names) < 8000 THEN names ELSE '' END)
    FROM (SELECT CAST(json_agg(DISTINCT queue) AS text) AS names FROM entered HAVING count(*) > 0) AS news
)
SELECT array_agg(id) AS ids, (SELECT count(*) FROM told) AS told
FROM entered
