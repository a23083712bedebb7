-- Every verdict, by primary key: `acked` rows go, `dead` and `cancelled` ones move, `waiting` ones stay.
-- Null keeps what was there. The end of a lease is compared as in ack.sql.
WITH verdict AS (
    SELECT *
    FROM unnest(
        $1::text[],
        $2::bigint[],
        $3::integer[],
        $4::text[],
        $5::double precision[],
        $6::integer[],
        $7::integer[],
        $8::double precision[],
        $9::text[]
    ) AS verdict (id, seq, leases, state, delay_seconds, given_back, failed, skewed_seconds, error)
),
stayed AS (
    UPDATE {queue_table} AS message
    SET
        running = false,
        due = statement_timestamp() + verdict.delay_seconds * interval '1 second',
        attempt = message.attempt - verdict.given_back,
        failures = message.failures + verdict.failed,
        skewed_seconds = coalesce(verdict.skewed_seconds, message.skewed_seconds),
        error = coalesce(verdict.error, message.error)
    FROM verdict
    WHERE verdict.state = 'waiting'
        AND message.id = verdict.id
        AND message.seq = verdict.seq
        AND message.leases = verdict.leases
        AND message.running
        AND message.due - statement_timestamp() > interval '0'
    RETURNING message.id, message.queue
),
gone AS (
    DELETE FROM {queue_table} AS message
    USING verdict
    WHERE verdict.state <> 'waiting'
        AND message.id = verdict.id
        AND message.seq = verdict.seq
        AND message.leases = verdict.leases
        AND message.running
        AND message.due - statement_timestamp() > interval '0'
    RETURNING message.*, verdict.state, coalesce(verdict.error, message.error) AS last_error
),
kept AS (
    INSERT INTO {dead_letter_table} (
        id, seq, queue, state, priority, due, leases, attempt, failures, skewed_seconds, owner, error, header, body
    )
    -- Its token has ended with its lease and must not be told that it was cancelled: hence the other number.
    SELECT
        id, seq, queue, state, priority, due, leases + 1, attempt, failures, skewed_seconds, owner, last_error, header, body
    FROM gone
    WHERE state <> 'acked'
),
told AS (
    -- A notification takes less than 8,000 bytes; an empty one means any queue.
    SELECT pg_notify($10, CASE WHEN octet_length(names) < 8000 THEN names ELSE '' END)
    FROM (SELECT CAST(json_agg(DISTINCT queue) AS text) AS names FROM stayed HAVING count(*) > 0) AS news
)
SELECT array_agg(settled.id) AS ids, (SELECT count(*) FROM told) AS told
FROM (SELECT id FROM stayed UNION ALL SELECT id FROM gone) AS settled
