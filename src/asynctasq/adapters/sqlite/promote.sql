-- What is due, and whose lease has ended, by the index timed. At most so many at once that nobody waits long.
UPDATE message SET state = 'ready'
WHERE seq IN (
    SELECT timed.seq
    FROM json_each(:queues) AS named
    CROSS JOIN message AS timed
    WHERE timed.queue = named.value AND timed.state IN ('waiting', 'running') AND timed.due <= :now
    LIMIT 1000
)
