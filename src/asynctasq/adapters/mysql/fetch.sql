-- By the indexes id.
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
    CASE WHEN due <= NOW(6) THEN 'pending' WHEN running THEN 'running' ELSE 'scheduled' END,
    TIMESTAMPDIFF(MICROSECOND, NOW(6), due)
FROM {queue} FORCE INDEX (id)
WHERE id IN (:ids)
UNION ALL
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
    state,
    NULL
FROM {dead} FORCE INDEX (id)
WHERE id IN (:ids)
