-- As purge.sql, of what is dead or cancelled.
WITH unwanted AS MATERIALIZED (
    SELECT ctid AS place
    FROM {dead_letter_table}
    WHERE queue = $1 AND state = ANY ($2::text[])
    LIMIT $3
    FOR UPDATE SKIP LOCKED
),
forgotten AS (
    DELETE FROM {dead_letter_table} WHERE ctid = ANY (ARRAY(SELECT place FROM unwanted)) RETURNING id
)
SELECT count(*) AS count FROM forgotten
