-- By the unique index on id. The token of a live lease stays good for being told; a stale one must stay stale.
UPDATE message
SET state = 'cancelled', leases = leases + (state <> 'running' OR due <= :now)
WHERE id IN (SELECT value FROM json_each(:ids)) AND state IN ('ready', 'waiting', 'running')
RETURNING id
