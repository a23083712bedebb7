-- By the index kept, from where the page before ended.
SELECT seq, id, queue, header, body, attempt, failures, owner, error, :state, due - :now
FROM message INDEXED BY kept
WHERE state = :state
    AND state IN ('dead', 'cancelled')
    AND seq > :after
    AND queue = coalesce(:queue, queue)
ORDER BY seq
LIMIT :limit
