-- By primary key.
UPDATE message
SET state = 'running', owner = :owner, due = :until, leases = leases + 1, attempt = attempt + 1
WHERE seq IN (SELECT value FROM json_each(:seqs))
