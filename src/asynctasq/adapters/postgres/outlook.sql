-- The server's clock, and how long until the first row of these queues is due or its lease ends.
-- By the index line, one probe for each priority of each queue.
SELECT
    CAST(extract(EPOCH FROM statement_timestamp()) AS double precision) AS now,
    CAST(extract(EPOCH FROM min(line.due) - statement_timestamp()) AS double precision) AS next_due_in
FROM unnest($1::text[]) AS named (queue)
CROSS JOIN LATERAL (
    WITH RECURSIVE level (priority, due) AS (
        (
            SELECT message.priority, message.due
            FROM {queue_table} AS message
            WHERE message.queue = named.queue
            ORDER BY message.priority DESC, message.due
            LIMIT 1
        )
        UNION ALL
        SELECT below.priority, below.due
        FROM level
        CROSS JOIN LATERAL (
            SELECT message.priority, message.due
            FROM {queue_table} AS message
            WHERE message.queue = named.queue AND message.priority < level.priority
            ORDER BY message.priority DESC, message.due
            LIMIT 1
        ) AS below
    )
    SELECT level.due FROM level
) AS line
