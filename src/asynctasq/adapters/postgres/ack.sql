-- By primary key.
WITH acked AS (
    DELETE FROM {queue_table} AS message
    USING unnest($1::text[], $2::bigint[], $3::integer[]) AS token (id, seq, leases)
    WHERE message.id = token.id
        AND message.seq = token.seq
        AND message.leases = token.leases
        AND message.running
        AND message.due > statement_timestamp()
    RETURNING message.id
)
SELECT array_agg(id) AS ids FROM acked
