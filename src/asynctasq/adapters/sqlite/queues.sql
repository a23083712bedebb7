-- The distinct queues of the indexes ready and timed, each found by one probe however many messages it holds.
WITH RECURSIVE
    with_ready(name) AS (
        SELECT min(queue) FROM message WHERE state = 'ready'
        UNION ALL
        SELECT (SELECT min(queue) FROM message WHERE state = 'ready' AND queue > name)
        FROM with_ready
        WHERE name IS NOT NULL
    ),
    with_timed(name) AS (
        SELECT min(queue) FROM message WHERE state IN ('waiting', 'running')
        UNION ALL
        SELECT (SELECT min(queue) FROM message WHERE state IN ('waiting', 'running') AND queue > name)
        FROM with_timed
        WHERE name IS NOT NULL
    )
SELECT name FROM with_ready WHERE name IS NOT NULL
UNION
SELECT name FROM with_timed WHERE name IS NOT NULL
ORDER BY name
