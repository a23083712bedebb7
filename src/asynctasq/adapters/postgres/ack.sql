-- By primary key. What is left of the lease is compared, and not the instant of its end: that PostgreSQL 18 looks up in
-- the index of the line, past all leases and delays of others.
WITH acked AS (
    DELETE FROM {queue_table} AS message
    USING unnest($1::text[], $2::bigint[], $3::integer[]) AS token (id, seq, leases)
    WHERE message.id = token.id
        AND message.seq = token.seq
        AND message.leases = token.leases
        AND message.running
        AND message.due - statement_timestamp() > interval '0'
    RETURNING message.id
)
SELECT array_agg(id) AS ids FROM acked
