-- By the index kept, from where the page before ended.
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
    NULL
FROM {dead} FORCE INDEX (kept)
WHERE state = :state AND seq > :after AND queue = COALESCE(:queue, queue)
ORDER BY seq
LIMIT :limit
