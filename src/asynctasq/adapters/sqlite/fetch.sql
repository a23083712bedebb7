-- By the unique index on id.
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
    CASE
        WHEN state = 'ready' THEN 'pending'
        WHEN state IN ('waiting', 'running') AND due <= :now THEN 'pending'
        WHEN state = 'waiting' THEN 'scheduled'
        ELSE state
    END,
    due - :now
FROM message
WHERE id IN (SELECT value FROM json_each(:ids))
