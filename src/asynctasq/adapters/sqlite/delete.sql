-- By the unique index on id.
DELETE FROM message
WHERE id IN (SELECT value FROM json_each(:ids)) AND NOT (state = 'running' AND due > :now)
RETURNING id
