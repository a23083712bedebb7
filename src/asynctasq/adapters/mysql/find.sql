-- In the order of the primary key, from where the page before ended. What is kept has find_kept.sql.
SELECT
    seq,
    id,
    queue,
    header,
    body,
    attempt,
    failures,
    owner,
    error,
    :state,
    TIMESTAMPDIFF(MICROSECOND, NOW(6), due)
FROM {queue} FORCE INDEX (PRIMARY)
WHERE seq > :after
    AND queue = COALESCE(:queue, queue)
    AND :state = CASE WHEN due <= NOW(6) THEN 'pending' WHEN running THEN 'running' ELSE 'scheduled' END
ORDER BY seq
LIMIT :limit
