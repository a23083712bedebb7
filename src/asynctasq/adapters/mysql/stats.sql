-- Counted in the indexes alone, without touching a message.
SELECT
    queue,
    SUM(due <= NOW(6)) AS pending,
    SUM(due > NOW(6) AND NOT running) AS scheduled,
    SUM(due > NOW(6) AND running) AS running,
    0 AS dead
FROM {queue} FORCE INDEX (line)
GROUP BY queue
UNION ALL
SELECT queue, 0, 0, 0, SUM(state = 'dead') FROM {dead} FORCE INDEX (kept) GROUP BY queue
