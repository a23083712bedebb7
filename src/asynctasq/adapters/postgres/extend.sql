-- By primary key, with the end of a lease compared as in ack.sql. Joined with itself, a row tells what was before:
-- whoever waits must hear of an end that is sooner.
WITH extended AS (
    UPDATE {queue_table} AS message
    SET due = statement_timestamp() + $4::double precision * interval '1 second'
    FROM unnest($1::text[], $2::bigint[], $3::integer[]) AS token (id, seq, leases)
    CROSS JOIN LATERAL (SELECT due FROM {queue_table} AS old WHERE old.id = token.id) AS before
    WHERE message.id = token.id
        AND message.seq = token.seq
        AND message.leases = token.leases
        AND message.running
        AND message.due - statement_timestamp() > interval '0'
    RETURNING message.id, message.queue, message.due < before.due AS is_sooner
),
told AS (
    -- A notification takes less than 8,000 bytes; an empty one means any queue.
    SELECT pg_notify($5, CASE WHEN octet_length(names) < 8000 THEN names ELSE '' END)
    FROM (SELECT CAST(json_agg(DISTINCT queue) AS text) AS names FROM extended HAVING bool_or(is_sooner)) AS news
)
SELECT array_agg(id) AS ids, (SELECT count(*) FROM told) AS told
FROM extended
