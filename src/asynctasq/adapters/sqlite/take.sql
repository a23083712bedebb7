-- The first of one queue in the order of the index ready, all in one row and so in one step (see enqueue.sql).
-- Large contents are left for content.sql.
SELECT
    json_group_array(
        json_array(seq, leases, id, attempt, failures, skewed_seconds, length(header), length(body))
    ),
    CAST(group_concat(CASE WHEN length(header) + length(body) <= :large THEN header END, '') AS BLOB),
    CAST(group_concat(CASE WHEN length(header) + length(body) <= :large THEN body END, '') AS BLOB)
FROM (
    SELECT seq, leases, id, attempt, failures, skewed_seconds, header, body
    FROM message
    WHERE queue = :queue AND state = 'ready'
    ORDER BY priority DESC, due, seq
    LIMIT :limit
)
