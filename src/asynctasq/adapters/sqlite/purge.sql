-- In the order of the primary key, some at a time: other processes wait for the lock meanwhile.
DELETE FROM message
WHERE seq IN (
    SELECT seq
    FROM message
    WHERE seq > :after
        AND queue = :queue
        AND CASE
            WHEN state = 'ready' THEN 'pending'
            WHEN state IN ('waiting', 'running') AND due <= :now THEN 'pending'
            WHEN state = 'waiting' THEN 'scheduled'
            ELSE state
        END IN (SELECT value FROM json_each(:states))
    ORDER BY seq
    LIMIT :limit
)
RETURNING seq
