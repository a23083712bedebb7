-- Some messages of a queue in the states named, held still until the transaction ends. In the index line alone.
SELECT seq
FROM {queue} FORCE INDEX (line)
WHERE queue = :queue AND CASE WHEN due <= NOW(6) THEN 'pending' WHEN running THEN 'running' ELSE 'scheduled' END IN (:states)
LIMIT :limit
FOR UPDATE SKIP LOCKED
