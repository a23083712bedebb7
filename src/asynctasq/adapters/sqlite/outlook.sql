-- The queues with something to take, as positions in :queues, and when time alone will bring the next.
-- One probe each of the indexes ready and timed per queue.
WITH seen AS MATERIALIZED (
    SELECT
        key,
        EXISTS (SELECT 1 FROM message WHERE queue = value AND state = 'ready') AS is_ready,
        (SELECT min(due) FROM message WHERE queue = value AND state IN ('waiting', 'running')) AS next_due
    FROM json_each(:queues)
)
SELECT json_group_array(key) FILTER (WHERE is_ready OR next_due <= :now), min(next_due)
FROM seen
