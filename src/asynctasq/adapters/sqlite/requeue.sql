-- By the unique index on id; IN ('dead', 'cancelled') would tempt the planner to the index kept.
-- `leases` goes on counting: old tokens stay stale.
UPDATE message
SET state = 'ready', due = :now, attempt = 0, failures = 0, skewed_seconds = 0
WHERE id IN (SELECT value FROM json_each(:ids)) AND state NOT IN ('ready', 'waiting', 'running')
RETURNING id
