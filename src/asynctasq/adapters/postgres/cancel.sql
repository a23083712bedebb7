-- By primary key. The token of a live lease stays good for being told; a stale one must stay stale.
WITH gone AS (
    DELETE FROM {queue_table} WHERE id = ANY ($1::text[]) RETURNING *
),
kept AS (
    INSERT INTO {dead_letter_table} (
        id, seq, queue, state, priority, due, leases, attempt, failures, skewed_seconds, owner, error, header, body
    )
    SELECT
        id, seq, queue, 'cancelled', priority, due,
        CASE WHEN running AND due > statement_timestamp() THEN leases ELSE leases + 1 END,
        attempt, failures, skewed_seconds, owner, error, header, body
    FROM gone
)
SELECT array_agg(id) AS ids FROM gone
