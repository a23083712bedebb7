-- By primary keys.
SELECT
    seq, id, queue, header, body, attempt, failures, owner, error,
    CASE
        WHEN due <= statement_timestamp() THEN 'pending'
        WHEN running THEN 'running'
        ELSE 'scheduled'
    END AS state,
    CAST(extract(EPOCH FROM due - statement_timestamp()) AS double precision) AS due_in
FROM {queue_table}
WHERE id = ANY ($1::text[])
UNION ALL
SELECT
    seq, id, queue, header, body, attempt, failures, owner, error, state, NULL AS due_in
FROM {dead_letter_table}
WHERE id = ANY ($1::text[])
