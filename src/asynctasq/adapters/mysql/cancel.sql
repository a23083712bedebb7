-- The token of a live lease stays good for being told; a stale one must stay stale. By the index id.
INSERT INTO {dead} (seq, id, queue, state, tier, leases, attempt, failures, owner, error, header, body)
SELECT
    seq,
    id,
    queue,
    'cancelled',
    tier,
    leases + (NOT running OR due <= @now),
    attempt,
    failures,
    owner,
    error,
    header,
    body
FROM {queue} FORCE INDEX (id)
WHERE id IN (:ids)
