-- The first of one line, in the order of the index line; what another client has its hands on is passed over.
SELECT seq, leases, id, queue, attempt, failures, skewed_seconds, header, body
FROM {queue} FORCE INDEX (line)
WHERE queue = :queue AND tier = :tier AND due <= NOW(6)
ORDER BY due, seq
LIMIT :limit
FOR UPDATE SKIP LOCKED
