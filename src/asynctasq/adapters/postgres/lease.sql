-- By the index line: for each queue in the order given, for each of its priorities from the highest (one probe each),
-- what is due, oldest first. Waiting, retried and expired rows differ in nothing here, so there is no reaper.
-- The rows picked are found again by their place. `number` is their order, which an UPDATE does not keep.
WITH picked AS MATERIALIZED (
    SELECT first.place
    FROM unnest($1::text[]) AS named (queue)
    CROSS JOIN LATERAL (
        WITH RECURSIVE level (priority) AS (
            (
                SELECT message.priority
                FROM {queue_table} AS message
                WHERE message.queue = named.queue
                ORDER BY message.priority DESC
                LIMIT 1
            )
            UNION ALL
            SELECT (
                SELECT message.priority
                FROM {queue_table} AS message
                WHERE message.queue = named.queue AND message.priority < level.priority
                ORDER BY message.priority DESC
                LIMIT 1
            )
            FROM level
            WHERE level.priority IS NOT NULL
        )
        SELECT level.priority FROM level WHERE level.priority IS NOT NULL
    ) AS line
    CROSS JOIN LATERAL (
        SELECT message.ctid AS place
        FROM {queue_table} AS message
        WHERE message.queue = named.queue
            AND message.priority = line.priority
            AND message.due <= statement_timestamp()
        ORDER BY message.due, message.seq
        LIMIT $2
        FOR UPDATE SKIP LOCKED
    ) AS first
    LIMIT $2
)
UPDATE {queue_table} AS message
SET
    running = true,
    due = statement_timestamp() + $3::double precision * interval '1 second',
    leases = leases + 1,
    attempt = attempt + 1,
    owner = $4
FROM unnest(ARRAY(SELECT place FROM picked)) WITH ORDINALITY AS chosen (place, number)
WHERE message.ctid = chosen.place
RETURNING
    chosen.number,
    message.id,
    message.queue,
    message.header,
    message.body,
    message.seq,
    message.leases,
    message.attempt,
    message.failures,
    message.skewed_seconds
