-- What may still be said of these leases, by primary key: a token that is missing here is stale.
SELECT json_group_object(seq || '.' || leases, state)
FROM message
WHERE (seq, leases) IN (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:tokens))
    AND (state = 'cancelled' OR (state = 'running' AND due > :now))
