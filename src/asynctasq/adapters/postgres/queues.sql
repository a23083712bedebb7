-- The distinct queues of the index line, each found by one probe however many messages it holds.
WITH RECURSIVE held (name) AS (
    (SELECT queue FROM {queue_table} ORDER BY queue LIMIT 1)
    UNION ALL
    SELECT (SELECT queue FROM {queue_table} WHERE queue > held.name ORDER BY queue LIMIT 1)
    FROM held
    WHERE held.name IS NOT NULL
)
SELECT name FROM held WHERE name IS NOT NULL
