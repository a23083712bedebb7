-- Counted in the indexes alone, without touching a message.
SELECT queue, 'pending' AS standing, count(*)
FROM message INDEXED BY ready
WHERE state = 'ready'
GROUP BY queue
UNION ALL
SELECT queue, iif(due <= :now, 'pending', iif(state = 'waiting', 'scheduled', 'running')) AS standing, count(*)
FROM message INDEXED BY timed
WHERE state IN ('waiting', 'running')
GROUP BY queue, standing
UNION ALL
SELECT queue, state AS standing, count(*)
FROM message INDEXED BY kept
WHERE state IN ('dead', 'cancelled')
GROUP BY queue, standing
