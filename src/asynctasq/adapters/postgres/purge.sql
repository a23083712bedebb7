-- So many at a time that nobody waits long for the locks. What somebody else has locked is being started.
WITH unwanted AS MATERIALIZED (
    SELECT ctid AS place
    FROM {queue_table}
    WHERE queue = $1
        AND CASE
            WHEN due <= statement_timestamp() THEN 'pending'
            WHEN running THEN 'running'
            ELSE 'scheduled'
        END = ANY ($2::text[])
    LIMIT $3
    FOR UPDATE SKIP LOCKED
),
forgotten AS (
    DELETE FROM {queue_table} WHERE ctid = ANY (ARRAY(SELECT place FROM unwanted)) RETURNING id
)
SELECT count(*) AS count FROM forgotten
