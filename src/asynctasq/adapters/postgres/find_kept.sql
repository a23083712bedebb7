-- By the index on state, seq and id, from where the page before ended.
SELECT
    seq, id, queue, header, body, attempt, failures, owner, error, state,
    CAST(NULL AS double precision) AS due_in
FROM {dead_letter_table}
WHERE state = $1 AND (seq, id) > ($3::bigint, $4::text) AND queue = coalesce($2, queue)
ORDER BY seq, id
LIMIT $5
