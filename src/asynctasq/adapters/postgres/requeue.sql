-- By primary keys. `leases` goes on counting: old tokens stay stale.
WITH back AS (
    DELETE FROM {dead_letter_table} WHERE id = ANY ($1::text[]) RETURNING *
),
entered AS (
    INSERT INTO {queue_table} (id, seq, queue, priority, due, leases, owner, error, header, body)
    SELECT id, seq, queue, priority, statement_timestamp(), leases, owner, error, header, body
    FROM back
    ON CONFLICT (id) DO NOTHING
),
told AS (
    -- A notification takes less than 8,000 bytes; an empty one means any queue.
    SELECT pg_notify($2, CASE WHEN octet_length(names) < 8000 THEN names ELSE '' END)
    FROM (SELECT CAST(json_agg(DISTINCT queue) AS text) AS names FROM back HAVING count(*) > 0) AS news
)
SELECT array_agg(id) AS ids, (SELECT count(*) FROM told) AS told
FROM back
