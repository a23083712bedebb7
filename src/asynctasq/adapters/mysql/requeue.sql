-- `leases` goes on counting: old tokens stay stale. By the index id.
INSERT INTO {queue} (seq, id, queue, tier, due, leases, owner, error, header, body)
SELECT seq, id, queue, tier, @now, leases, owner, error, header, body
FROM {dead} FORCE INDEX (id)
WHERE id IN (:ids)
