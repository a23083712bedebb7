-- Every row is looked at, for people. What is kept has find_kept.sql.
SELECT
    seq, id, queue, header, body, attempt, failures, owner, error, $1 AS state,
    CAST(extract(EPOCH FROM due - statement_timestamp()) AS double precision) AS due_in
FROM {queue_table}
WHERE (seq, id) > ($3::bigint, $4::text)
    AND queue = coalesce($2, queue)
    AND $1 = CASE
        WHEN due <= statement_timestamp() THEN 'pending'
        WHEN running THEN 'running'
        ELSE 'scheduled'
    END
ORDER BY seq, id
LIMIT $5
