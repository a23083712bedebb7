-- By primary key. `tokens` holds [seq, leases].
DELETE FROM message
WHERE (seq, leases) IN (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:tokens))
    AND state = 'running'
    AND due > :now
