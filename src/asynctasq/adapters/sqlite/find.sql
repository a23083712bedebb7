-- In the order of the primary key, from where the page before ended. What is kept has find_kept.sql.
SELECT seq, id, queue, header, body, attempt, failures, owner, error, :state, due - :now
FROM message
WHERE seq > :after
    AND queue = coalesce(:queue, queue)
    AND :state = CASE
        WHEN state = 'ready' THEN 'pending'
        WHEN state IN ('waiting', 'running') AND due <= :now THEN 'pending'
        WHEN state = 'waiting' THEN 'scheduled'
        ELSE state
    END
ORDER BY seq
LIMIT :limit
